//! One look at many targets: the two batched reads for all of them, then what each service needs beyond.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use jiff::Timestamp;

use driftless_domain::{
    CallClass, CallError, ClusterName, DesiredRelease, EcsServiceName, LiveService, Observed, ParameterName,
    ParameterValue, Place, Seen, TaskFamily,
};

use crate::cache::Cache;
use crate::port::{LiveState, PARAMETERS_PER_CALL, SERVICES_PER_CALL};
use crate::service::observe_service;
use crate::site::observe_site;

pub(crate) type Services = BTreeMap<(Place, ClusterName, EcsServiceName), Seen<LiveService>>;
pub(crate) type Parameters = BTreeMap<(Place, ParameterName), Seen<ParameterValue>>;

/// Looks at targets, and remembers what does not change.
#[derive(Clone)]
pub struct Observer {
    pub(crate) live: Arc<dyn LiveState>,
    pub(crate) cache: Arc<Mutex<Cache>>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl Observer {
    /// An observer of this world that remembers nothing yet.
    #[must_use]
    pub fn new(live: Arc<dyn LiveState>) -> Self {
        Self { live, cache: Arc::default() }
    }

    /// Looks at targets, as of `at`. One answer per target, in their order.
    ///
    /// # Guarantees
    /// Services and parameters are read at every look, ten to a call over all targets of a place (and cluster). A read
    /// that fails is unknown for what it was to show and for nothing else.
    pub async fn observe(&self, desired: &[DesiredRelease], at: Timestamp) -> Vec<Observed> {
        let (services, parameters) = futures::join!(self.services(desired), self.parameters(desired));
        let (services, parameters) = (&services, &parameters);
        join_all(desired.iter().map(|one| async move {
            let looks =
                one.binding.services.iter().map(|bound| observe_service(self, one, bound, services, parameters, at));
            let site = async {
                match &one.binding.site {
                    Some(bound) => Some(observe_site(self, one, bound, parameters).await),
                    None => None,
                }
            };
            let (services, site) = futures::join!(join_all(looks), site);
            Observed { at, services, site }
        }))
        .await
    }

    /// Makes the next look at this target read everything that can change. Called after anything but "converged".
    pub fn forget(&self, desired: &DesiredRelease) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &desired.binding.place;
        for bound in &desired.binding.services {
            cache.forget(&(place.clone(), bound.cluster.clone(), bound.service.clone()));
            if let Some(family) = &bound.family {
                cache.forget_family(place, family);
            }
        }
    }

    /// Makes the next look at this family list its revisions again.
    pub(crate) fn forget_family(&self, place: &Place, family: &TaskFamily) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).forget_family(place, family);
    }

    async fn services(&self, desired: &[DesiredRelease]) -> Services {
        let mut wanted: BTreeMap<(Place, ClusterName), BTreeSet<EcsServiceName>> = BTreeMap::new();
        for one in desired {
            for bound in &one.binding.services {
                let names = wanted.entry((one.binding.place.clone(), bound.cluster.clone())).or_default();
                names.insert(bound.service.clone());
            }
        }
        let calls = wanted.into_iter().flat_map(|((place, cluster), names)| {
            let names: Vec<EcsServiceName> = names.into_iter().collect();
            let chunks: Vec<Vec<EcsServiceName>> = names.chunks(SERVICES_PER_CALL).map(<[_]>::to_vec).collect();
            chunks.into_iter().map(move |names| (place.clone(), cluster.clone(), names))
        });
        let answers = join_all(calls.map(|(place, cluster, names)| async move {
            let answer = self.live.services(&place, &cluster, &names).await;
            spread(&names, answer)
                .into_iter()
                .map(|(name, seen)| ((place.clone(), cluster.clone(), name), seen))
                .collect::<Vec<_>>()
        }))
        .await;
        answers.into_iter().flatten().collect()
    }

    async fn parameters(&self, desired: &[DesiredRelease]) -> Parameters {
        let mut wanted: BTreeMap<Place, BTreeSet<ParameterName>> = BTreeMap::new();
        for one in desired {
            let names = wanted.entry(one.binding.place.clone()).or_default();
            names.extend(one.binding.services.iter().map(|bound| bound.parameter.clone()));
            names.extend(one.binding.site.iter().map(|bound| bound.parameter.clone()));
        }
        let calls = wanted.into_iter().flat_map(|(place, names)| {
            let names: Vec<ParameterName> = names.into_iter().collect();
            let chunks: Vec<Vec<ParameterName>> = names.chunks(PARAMETERS_PER_CALL).map(<[_]>::to_vec).collect();
            chunks.into_iter().map(move |names| (place.clone(), names))
        });
        let answers = join_all(calls.map(|(place, names)| async move {
            let answer = self.live.parameters(&place, &names).await;
            // One name that cannot be read at all must not blind the others.
            let spoiled = names.len() > 1 && answer.as_ref().is_err_and(|error| error.class == CallClass::Invalid);
            let seen = if spoiled {
                let alone = names.iter().map(|name| async {
                    spread(std::slice::from_ref(name), self.live.parameters(&place, std::slice::from_ref(name)).await)
                });
                join_all(alone).await.into_iter().flatten().collect()
            } else {
                spread(&names, answer)
            };
            seen.into_iter().map(|(name, seen)| ((place.clone(), name), seen)).collect::<Vec<_>>()
        }))
        .await;
        answers.into_iter().flatten().collect()
    }
}

/// The batch left a name out: that is a broken answer, not a missing thing (S10).
pub(crate) fn not_asked<T>(operation: &'static str, object: &str) -> Seen<T> {
    Seen::Unknown(CallError::new(
        operation,
        object,
        CallClass::Transient,
        "IncompleteAnswer",
        "the answer left this name out",
    ))
}

/// The answer to a batch, one look per name: a failed call is unknown for each of them.
fn spread<N: Clone, T: Clone>(names: &[N], answer: Result<Vec<Option<T>>, CallError>) -> Vec<(N, Seen<T>)> {
    match answer {
        Err(error) => names.iter().map(|name| (name.clone(), Seen::Unknown(error.clone()))).collect(),
        Ok(found) => names.iter().cloned().zip(found.into_iter().map(|one| Seen::of(Ok(one)))).collect(),
    }
}
