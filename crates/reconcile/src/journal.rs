//! The fence before each call, and the word that is left of it (S5, S7).

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use driftless_domain::{
    Actor, CallClass, CallError, Chain, Clock, DesiredRelease, Generation, Heal, Progress, Push, Rejected, Status,
    site_part,
};
use driftless_execute::{Effect, Journal, Refused};
use driftless_plan::Action;
use driftless_releases::{ControllerStore, Event, EventKind, StoreError, Stored, Versioned};

use crate::lease::Tenure;
use crate::site;

/// The journal of one pass. It holds the status while steps are carried out, and writes it before each.
pub(crate) struct PassJournal<'a> {
    store: &'a dyn ControllerStore,
    clock: &'a dyn Clock,
    tenure: &'a dyn Tenure,
    desired: &'a DesiredRelease,
    spec_version: u64,
    /// The heals that the steps are; each counts from the moment its step is about to be sent.
    heals: Vec<Heal>,
    pages: Mutex<Pages>,
    /// When the records were read last, on the clock that never goes back.
    looked: Mutex<Duration>,
}

/// How old the last look at the records may be while a step of many calls goes on: what a person stops or exchanges is
/// noticed after at most this long, and the progress that people see is as old.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the journal holds.
pub(crate) struct Pages {
    pub(crate) status: Versioned<Status>,
    /// Events that go with the next write.
    pub(crate) events: Vec<Event>,
    sequence: u32,
}

impl Pages {
    pub(crate) fn new(status: Versioned<Status>) -> Self {
        Self { status, events: Vec::new(), sequence: 0 }
    }

    pub(crate) fn tell(&mut self, kind: EventKind, generation: Generation, clock: &dyn Clock, text: String) {
        let target = self.status.record.target.clone();
        self.events.push(Event {
            target,
            at: clock.now(),
            sequence: self.sequence,
            kind,
            generation,
            actor: controller(),
            text,
        });
        self.sequence += 1;
    }

    pub(crate) async fn write(&mut self, store: &dyn ControllerStore) -> Result<(), StoreError> {
        let version = store.put_status(&self.status, &self.events).await?;
        self.status.version = version;
        self.events.clear();
        Ok(())
    }
}

/// Who the controller is in histories.
#[expect(clippy::expect_used, reason = "a constant that the scenarios write at every step")]
pub(crate) fn controller() -> Actor {
    Actor::parse("driftless").expect("a valid actor")
}

impl<'a> PassJournal<'a> {
    pub(crate) fn new(
        store: &'a dyn ControllerStore,
        clock: &'a dyn Clock,
        tenure: &'a dyn Tenure,
        (desired, spec_version): (&'a DesiredRelease, u64),
        heals: Vec<Heal>,
        pages: Pages,
    ) -> Self {
        let looked = Mutex::new(clock.running_for());
        Self { store, clock, tenure, desired, spec_version, heals, pages: Mutex::new(pages), looked }
    }

    pub(crate) fn into_pages(self) -> Pages {
        self.pages.into_inner()
    }

    /// Last thing before each call (DESIGN.md section 8, rule 2).
    fn ours(&self) -> Result<(), Refused> {
        self.tenure.check(&self.desired.target).map_err(|_| Refused::NotOurs)
    }

    fn begin_site_step(&self, status: &mut Status, action: &Action, now: jiff::Timestamp) {
        let Some(files) = &self.desired.files else { return };
        if let Action::UploadFiles { stale, .. } | Action::ReplaceHeaders { stale, .. } = action {
            site::begin_files(site::memory(status, files), self.desired, stale, now);
        }
    }

    fn site_step_answered(&self, status: &mut Status, action: &Action, answer: &Result<Effect, CallError>) {
        let Some(files) = &self.desired.files else { return };
        let memory = site::memory(status, files);
        match answer {
            Ok(effect) => site::answered(memory, self.desired, action, effect, self.clock.now()),
            Err(error) if error.class == CallClass::Conflict && matches!(action, Action::Invalidate { .. }) => {
                site::reference_taken(memory);
            }
            Err(_) => {}
        }
    }

    /// The records that this pass acts by, as stored now: one consistent read.
    async fn still_wanted(&self) -> Result<(), Refused> {
        let target = std::slice::from_ref(&self.desired.target);
        let loaded = self.store.load(target).await.map_err(|error| records(&error))?.pop();
        let Some(loaded) = loaded else { return Err(Refused::Records("the answer was empty".to_owned())) };
        let planned = self.desired.generation;
        match &loaded.desired {
            Stored::Valid(record) if record.generation == planned => {}
            Stored::Valid(record) => return Err(Refused::Stale { planned, found: record.generation }),
            Stored::Missing => return Err(Refused::Records("the desired record is gone".to_owned())),
            Stored::Invalid(problem) => return Err(Refused::Records(problem.to_string())),
        }
        match &loaded.spec {
            Stored::Valid(spec) if spec.version == self.spec_version => Ok(()),
            Stored::Valid(spec) => Err(Refused::SpecChanged { planned: self.spec_version, found: spec.version }),
            Stored::Missing => Err(Refused::Records("the spec is gone".to_owned())),
            Stored::Invalid(problem) => Err(Refused::Records(problem.to_string())),
        }
    }
}

/// Whether the step itself is what a heal counts: a revision that is registered on the way is part of it.
fn sends(action: &Action) -> bool {
    match action {
        Action::WriteParameter { .. }
        | Action::UpdateService { .. }
        | Action::UploadFiles { .. }
        | Action::ReplaceHeaders { .. } => true,
        Action::RegisterTaskDefinition { .. }
        | Action::Invalidate { .. }
        | Action::DeleteFiles { .. }
        | Action::Reject { .. } => false,
    }
}

fn records(error: &StoreError) -> Refused {
    Refused::Records(Chain(error).to_string())
}

#[async_trait]
impl Journal for PassJournal<'_> {
    async fn allow(&self, action: &Action) -> Result<(), Refused> {
        self.still_wanted().await?;
        let mut pages = self.pages.lock().await;
        let before = pages.status.record.clone();
        let now = self.clock.now();
        let heal = self.heals.iter().find(|heal| Some(&heal.field) == action.field().as_ref());
        if let Some(heal) = heal.filter(|heal| sends(action) && !pages.status.record.heals.contains(heal)) {
            pages.status.record.heals.push(heal.clone());
        }
        self.begin_site_step(&mut pages.status.record, action, now);
        if let Some(attempt) = &mut pages.status.record.attempt {
            match action {
                Action::WriteParameter { service, name: _, from, to: _ } => {
                    let sent = attempt.services.entry(service.clone()).or_default();
                    if sent.parameter_sent_at.is_none() {
                        sent.parameter_before.clone_from(from);
                    }
                    sent.parameter_sent_at = Some(now);
                }
                Action::RegisterTaskDefinition { service, .. } => {
                    let sent = attempt.services.entry(service.clone()).or_default();
                    sent.register_sent_at = Some(now);
                    sent.registered = None;
                }
                Action::UpdateService { service, from, to, .. } => {
                    let sent = attempt.services.entry(service.clone()).or_default();
                    sent.came_from.get_or_insert_with(|| from.clone());
                    sent.push = Some(Push { to: to.clone(), from: from.clone(), sent_at: now, taken: false });
                }
                Action::UploadFiles { .. }
                | Action::ReplaceHeaders { .. }
                | Action::Invalidate { .. }
                | Action::DeleteFiles { .. }
                | Action::Reject { .. } => {}
            }
        }
        pages.tell(EventKind::Intent, self.desired.generation, self.clock, action.to_string());
        let written = pages.write(self.store).await.map_err(|error| records(&error));
        // Last thing before the call (DESIGN.md section 8, rule 2).
        let allowed = written.and_then(|()| self.ours());
        *self.looked.lock().await = self.clock.running_for();
        if allowed.is_err() {
            // It is not sent, so nothing of it is under way.
            pages.status.record = before;
        }
        allowed
    }

    async fn go_on(&self, progress: Progress) -> Result<(), Refused> {
        self.ours()?;
        let now = self.clock.running_for();
        let mut looked = self.looked.lock().await;
        if now.saturating_sub(*looked) < LOOK_AGAIN {
            return Ok(());
        }
        *looked = now;
        self.still_wanted().await?;
        let mut pages = self.pages.lock().await;
        if let Some(site) = &mut pages.status.record.site {
            site.progress = Some(progress);
            // Only for people: that it could not be written stops nothing that the records allow.
            if let Err(error) = pages.write(self.store).await {
                return Err(records(&error));
            }
        }
        self.ours()
    }

    async fn answered(&self, action: &Action, answer: &Result<Effect, CallError>) {
        let mut pages = self.pages.lock().await;
        self.site_step_answered(&mut pages.status.record, action, answer);
        let nothing_happened = matches!(answer, Err(error) if error.class != CallClass::Ambiguous);
        if nothing_happened && sends(action) {
            let field = action.field();
            let heals = &mut pages.status.record.heals;
            if let Some(index) =
                heals.iter().rposition(|heal| self.heals.contains(heal) && Some(&heal.field) == field.as_ref())
            {
                heals.remove(index);
            }
        }
        let Some(attempt) = &mut pages.status.record.attempt else { return };
        match action {
            Action::WriteParameter { service, .. } => {
                if let Some(sent) = attempt.services.get_mut(service).filter(|_| nothing_happened) {
                    sent.parameter_sent_at = None;
                }
            }
            Action::RegisterTaskDefinition { service, .. } => {
                if let Some(sent) = attempt.services.get_mut(service) {
                    match answer {
                        Ok(Effect::Registered(arn)) => sent.registered = Some(arn.clone()),
                        Ok(_) => {}
                        Err(_) if nothing_happened => sent.register_sent_at = None,
                        Err(_) => {}
                    }
                }
            }
            Action::UpdateService { service, .. } => {
                if let Some(sent) = attempt.services.get_mut(service) {
                    if answer.is_ok() {
                        if let Some(push) = &mut sent.push {
                            push.taken = true;
                        }
                        sent.pushes += 1;
                    } else if nothing_happened {
                        sent.push = None;
                    }
                }
            }
            Action::UploadFiles { .. } | Action::ReplaceHeaders { .. } => {
                if answer.is_ok() {
                    attempt.services.entry(site_part()).or_default().pushes += 1;
                }
            }
            Action::Invalidate { .. } | Action::DeleteFiles { .. } | Action::Reject { .. } => {}
        }
    }

    async fn reject(&self, rejection: &Action) -> Result<(), Refused> {
        let Action::Reject { generation, tag, outcome, reason, stopped_task } = rejection else { return Ok(()) };
        let mut pages = self.pages.lock().await;
        let now = self.clock.now();
        let status = &mut pages.status.record;
        let mut parameters_before = BTreeMap::new();
        let mut revisions_before = BTreeMap::new();
        for (service, sent) in status.attempt.take().into_iter().flat_map(|attempt| attempt.services) {
            if let Some(before) = sent.parameter_before {
                parameters_before.insert(service.clone(), before);
            }
            if let Some(before) = sent.came_from {
                revisions_before.insert(service, before);
            }
        }
        status.rejected = Some(Rejected {
            generation: *generation,
            tag: tag.clone(),
            outcome: *outcome,
            reason: reason.clone(),
            stopped_task: stopped_task.clone(),
            at: now,
            parameters_before,
            revisions_before,
        });
        status.converged = None;
        pages.tell(EventKind::Rejected, *generation, self.clock, rejection.to_string());
        pages.write(self.store).await.map_err(|error| records(&error))
    }
}
