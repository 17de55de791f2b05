//! Everything that is, and how it goes on by itself.

use std::collections::BTreeMap;

use driftless_domain::{ClusterName, EcsServiceName, ParameterName, ParameterValue, Rollout, TaskDefArn, TaskFamily};
use jiff::Timestamp;

use crate::behaviour::{ImageBehaviour, Images, TaskFate};
use crate::call::{Site, service_text};
use crate::cloudfront::CloudFront;
use crate::ecs::{Family, Lifecycle, Revision, Service};
use crate::s3::S3;
use crate::timeline::Timeline;

/// The services of one cluster.
pub(crate) type Cluster = BTreeMap<EcsServiceName, Timeline<Service>>;

/// One account in one region.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) clusters: BTreeMap<ClusterName, Cluster>,
    pub(crate) families: BTreeMap<TaskFamily, Family>,
    /// A deleted parameter is a `None`, so that stale reads still find it.
    pub(crate) parameters: BTreeMap<ParameterName, Timeline<Option<ParameterValue>>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) sites: BTreeMap<Site, Account>,
    pub(crate) images: Images,
    pub(crate) rollouts_known: bool,
    pub(crate) digests_lie: bool,
    pub(crate) violations: Vec<String>,
    pub(crate) s3: S3,
    pub(crate) cloudfront: CloudFront,
    /// The account and region that Driftless itself runs in, if a test said so.
    pub(crate) home: Option<Site>,
    /// Nothing happens by itself before this.
    quiet_until: Timestamp,
}

/// What ECS did by itself.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) object: String,
    pub(crate) rollout: Rollout,
}

impl Account {
    /// A revision, with the family and arn of the same account.
    pub(crate) fn revision(&self, arn: &TaskDefArn) -> Option<&Revision> {
        self.families.get(&arn.family())?.get(arn)
    }

    /// Whether any service still needs a revision.
    pub(crate) fn uses(&self, arn: &TaskDefArn) -> bool {
        self.clusters.values().flat_map(BTreeMap::values).any(|service| service.now().uses(arn))
    }
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            sites: BTreeMap::new(),
            images: Images::default(),
            rollouts_known: true,
            digests_lie: false,
            violations: Vec::new(),
            s3: S3::default(),
            cloudfront: CloudFront::default(),
            home: None,
            quiet_until: Timestamp::MAX,
        }
    }

    pub(crate) fn account(&self, site: &Site) -> Option<&Account> {
        self.sites.get(site)
    }

    /// The account, to change it. What it does by itself may come earlier from now on.
    pub(crate) fn account_mut(&mut self, site: &Site) -> &mut Account {
        self.quiet_until = Timestamp::MIN;
        self.sites.entry(site.clone()).or_default()
    }

    pub(crate) fn service_mut(
        &mut self,
        site: &Site,
        cluster: &ClusterName,
        service: &EcsServiceName,
    ) -> Option<&mut Timeline<Service>> {
        let found = self.account_mut(site).clusters.get_mut(cluster)?.get_mut(service)?;
        (found.now().lifecycle != Lifecycle::Gone).then_some(found)
    }

    pub(crate) fn image_behaves(&mut self, substring: &str, behaviour: ImageBehaviour, now: Timestamp) {
        self.quiet_until = Timestamp::MIN;
        self.images.set(substring, behaviour);
        let Self { sites, images, .. } = self;
        for account in sites.values_mut() {
            let Account { clusters, families, parameters: _ } = account;
            for service in clusters.values_mut().flat_map(BTreeMap::values_mut) {
                service.change(now, |service| service.wait_again(now, &|arn| fate(families, images, arn)));
            }
        }
    }

    /// Plays what happens by itself up to a time, in order of time and then of name.
    pub(crate) fn play_until(&mut self, now: Timestamp) -> Vec<Told> {
        let mut told = Vec::new();
        if now < self.quiet_until {
            return told;
        }
        loop {
            let next = self.next();
            match next {
                Some((at, site, cluster, service)) if at <= now => {
                    told.extend(self.play(at, &site, &cluster, &service));
                }
                Some((at, ..)) => {
                    self.quiet_until = at;
                    return told;
                }
                None => {
                    self.quiet_until = Timestamp::MAX;
                    return told;
                }
            }
        }
    }

    fn next(&self) -> Option<(Timestamp, Site, ClusterName, EcsServiceName)> {
        let all = self.sites.iter().flat_map(|(site, account)| {
            account.clusters.iter().flat_map(move |(cluster, services)| {
                services.iter().filter_map(move |(name, service)| Some((service.now().next_at()?, site, cluster, name)))
            })
        });
        let (at, site, cluster, name) = all.min()?;
        Some((at, site.clone(), cluster.clone(), name.clone()))
    }

    fn play(&mut self, at: Timestamp, site: &Site, cluster: &ClusterName, name: &EcsServiceName) -> Option<Told> {
        let Self { sites, images, .. } = self;
        let Account { clusters, families, parameters: _ } = sites.get_mut(site)?;
        let service = clusters.get_mut(cluster)?.get_mut(name)?;
        let newest = |service: &Service| service.rollouts().next();
        let before = newest(service.now());
        service.change(at, |service| {
            if service.lifecycle == Lifecycle::Active {
                service.step(at, &|arn| fate(families, images, arn));
            } else {
                service.age(at);
            }
        });
        let rollout = newest(service.now())?;
        let turned = before.is_none_or(|before| before.state != rollout.state);
        turned.then(|| Told { at, object: service_text(site, cluster, name), rollout })
    }
}

/// A revision that nobody registered is an empty document, whose tasks start at once.
fn fate(families: &BTreeMap<TaskFamily, Family>, images: &Images, arn: &TaskDefArn) -> TaskFate {
    let revision = families.get(&arn.family()).and_then(|family| family.get(arn));
    revision.map_or_else(|| images.fate(&serde_json::Map::new()), |revision| images.fate(&revision.document))
}
