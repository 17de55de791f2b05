//! The whole AWS of all accounts, as its owners set it up and look at it. Other actors' hands are in `hands`, the ports in
//! `reads` and `changes`.

mod builds;
mod changes;
mod edge;
mod hands;
mod monitor;
mod reads;
mod site_changes;
mod site_hands;
mod site_reads;
mod state;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use driftless_domain::{
    ClusterName, EcsServiceName, LiveService, ParameterName, Place, Rollout, TaskDefinition, TaskFamily,
};
use jiff::Timestamp;

use crate::behaviour::ImageBehaviour;
use crate::call::Site;
use crate::clock::SimClock;
use crate::ecs::{Service, told_of};
use crate::faults::Faults;
use crate::history::{Call, Counts, Outcome, lock};
use crate::wire::Wire;
use state::{State, Told};

/// ECS, SSM, S3 and CloudFront of all accounts. Clones are the same world.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) wire: Wire,
    state: Arc<Mutex<State>>,
}

impl World {
    /// An empty world. The same seed and the same calls make the same history.
    #[must_use]
    pub fn new(seed: u64, clock: SimClock) -> Self {
        Self { wire: Wire::new(seed, clock), state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// The same world as another controller process sees it: with its own name in the history, its own numbers, faults
    /// and crashes.
    #[must_use]
    pub fn acting_as(&self, actor: &str, faults: &Faults) -> Self {
        Self { wire: self.wire.acting_as(actor, faults), state: Arc::clone(&self.state) }
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.wire.clock
    }

    /// What goes wrong for this process.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.wire.faults
    }

    /// How long calls take there and back, more or less; 20 ms when nobody said otherwise.
    pub fn set_latency(&self, latency: Duration) {
        self.wire.set_latency(latency);
    }

    /// What becomes of tasks whose image contains this text. The rule that was set last wins, also for deployments that
    /// are under way. Without a rule an image is healthy after 20 s.
    pub fn image_behaves(&self, substring: &str, behaviour: ImageBehaviour) {
        self.with(|state, now| state.image_behaves(substring, behaviour, now));
    }

    /// Whether this endpoint knows service deployments. If not, [`LiveState::rollouts`] answers `None`, as the emulator
    /// does.
    ///
    /// [`LiveState::rollouts`]: driftless_observe::LiveState::rollouts
    pub fn service_deployments_known(&self, known: bool) {
        self.with(|state, _| state.rollouts_known = known);
    }

    /// Whether running tasks show other digests than their revisions name (S2).
    pub fn live_digest_lies(&self, lies: bool) {
        self.with(|state, _| state.digests_lie = lies);
    }

    /// Every call of every actor, in order, those on the records of a store beside this world included.
    #[must_use]
    pub fn history(&self) -> Vec<Call> {
        self.with(|_, _| ());
        self.wire.history.calls()
    }

    /// The calls on objects that contain this text.
    #[must_use]
    pub fn calls_on(&self, object_contains: &str) -> Vec<Call> {
        self.with(|_, _| ());
        self.wire.history.calls_on(object_contains)
    }

    /// Forgets the history. The counts go on.
    pub fn clear_history(&self) {
        self.wire.history.clear();
    }

    /// How many calls to ECS, SSM, S3 and CloudFront came through the ports.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.wire.history.counts(|operation| !operation.starts_with("dynamodb:"))
    }

    /// Counts from zero, those of a store beside this world too.
    pub fn reset_counts(&self) {
        self.wire.history.reset_counts();
    }

    /// What the monitor found: each names the invariant that was broken.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.with(|state, _| state.violations.clone())
    }

    /// A service as it is, not stale; `None` when it is not there.
    #[must_use]
    pub fn service(&self, place: &Place, cluster: &ClusterName, service: &EcsServiceName) -> Option<LiveService> {
        let known = self.with(|state, _| state.rollouts_known);
        self.look(place, cluster, service, |service| service.live(known)).flatten()
    }

    /// The service deployments of a service as they are, newest first.
    #[must_use]
    pub fn deployments_of(&self, place: &Place, cluster: &ClusterName, service: &EcsServiceName) -> Vec<Rollout> {
        self.look(place, cluster, service, |service| service.rollouts().collect()).unwrap_or_default()
    }

    /// The value of a parameter as it is.
    #[must_use]
    pub fn parameter(&self, place: &Place, name: &ParameterName) -> Option<String> {
        self.with(|state, _| {
            let value = state.account(&Site::of(place))?.parameters.get(name)?.now().as_ref()?;
            Some(value.value.clone())
        })
    }

    /// All revisions of a family, INACTIVE ones too, newest first.
    #[must_use]
    pub fn revisions_of(&self, place: &Place, family: &TaskFamily) -> Vec<TaskDefinition> {
        self.with(|state, now| {
            let family = state.account(&Site::of(place)).and_then(|account| account.families.get(family));
            // Not shuffled: the same dice each time.
            let shown = |revision: &crate::ecs::Revision| revision.described(now, &mut fastrand::Rng::with_seed(0));
            family.map(|family| family.newest_first().map(shown).collect()).unwrap_or_default()
        })
    }

    fn look<T>(
        &self,
        place: &Place,
        cluster: &ClusterName,
        service: &EcsServiceName,
        look: impl FnOnce(&Service) -> T,
    ) -> Option<T> {
        self.with(|state, _| {
            let account = state.account(&Site::of(place))?;
            Some(look(account.clusters.get(cluster)?.get(service)?.now()))
        })
    }

    /// Looks at or changes the state as it is now: what ECS does by itself has been played, and written down.
    fn with<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.wire.clock.now();
        let mut state = lock(&self.state);
        for Told { at, object, rollout } in state.play_until(now) {
            self.wire.history.note(Call {
                at,
                number: 0,
                actor: "ecs".to_owned(),
                operation: "ecs:DeploymentStateChange",
                object,
                detail: told_of(&rollout),
                outcome: Outcome::Done,
                writes: false,
            });
        }
        act(&mut state, now)
    }
}
