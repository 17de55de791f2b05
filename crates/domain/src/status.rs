//! How far a target has converged, and why not: three axes and one headline, computed by one function and used
//! everywhere (DESIGN.md section 10).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Attempt, Generation, Rejected, Release, ServiceName, SiteStatus, Tag, Target, TaskFamily};

/// Whether the live state is the desired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// It is.
    InSync,
    /// It is not, and the plan says what differs.
    OutOfSync,
    /// It could not be seen.
    Unknown,
}

/// How the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It runs what it should.
    Healthy,
    /// A rollout is under way.
    Progressing,
    /// Something needs a person.
    Degraded,
    /// It could not be seen.
    Unknown,
}

/// Whether the wanted release may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Nothing is in its way.
    Open,
    /// An approval is missing.
    AwaitingApproval,
    /// A person holds the target as it is.
    Held,
    /// It was tried here and rejected.
    Rejected,
}

/// The one word that people read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Headline {
    /// It runs what it should.
    Converged,
    /// On the way.
    Progressing,
    /// Not begun.
    Pending,
    /// It left the desired state, and is being put back or reported.
    Drifted,
    /// An approval is missing.
    AwaitingApproval,
    /// A person holds it.
    Held,
    /// Needs a person.
    Degraded,
    /// The wanted release was rejected; the last good one stands.
    Rejected,
    /// Not seen, or not lately.
    Unknown,
}

impl fmt::Display for Headline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Converged => "Converged",
            Self::Progressing => "Progressing",
            Self::Pending => "Pending",
            Self::Drifted => "Drifted",
            Self::AwaitingApproval => "Awaiting approval",
            Self::Held => "Held",
            Self::Degraded => "Degraded",
            Self::Rejected => "Rejected",
            Self::Unknown => "Unknown",
        })
    }
}

/// When the target last was what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converged {
    /// At which generation.
    pub generation: Generation,
    /// With which artifact.
    pub tag: Tag,
    /// Since when without a break.
    pub since: Timestamp,
}

/// One thing that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heal {
    /// What: `web service`, `web parameter`.
    pub field: String,
    /// What somebody had made of it.
    pub from: String,
    /// What it was put back to.
    pub to: String,
    /// When.
    pub at: Timestamp,
}

/// A field that somebody else keeps changing: we stopped (S8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contested {
    /// What.
    pub field: String,
    /// What the other side makes of it.
    pub theirs: String,
    /// What we would make of it.
    pub ours: String,
    /// How often it was put back.
    pub heals: u32,
    /// Since when.
    pub since: Timestamp,
}

/// One service, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name in the spec.
    pub name: ServiceName,
    /// The family it ran when it last converged: where to look for the base after somebody points it elsewhere.
    pub family: Option<TaskFamily>,
    /// The revision it runs, `family:revision`.
    pub task_definition: Option<String>,
    /// The image of our container, as its revision names it.
    pub image: Option<String>,
    /// The version parameter's value.
    pub parameter: Option<String>,
    /// How many tasks run, of how many wanted.
    pub running: Option<u32>,
    /// How many tasks are wanted. Others own this.
    pub wanted: Option<u32>,
    /// The newest rollout, in words.
    pub rollout: Option<String>,
}

/// How far a target has converged. Written by the controller, read by everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which target.
    pub target: Target,
    /// The generation of the desired record that this speaks of.
    pub observed_generation: Generation,
    /// The artifact that the record asks for.
    pub wanted: Option<Tag>,
    /// When the target was looked at for this record. The controller's heartbeat says how much later it was looked at
    /// without a change.
    pub observed_at: Timestamp,
    /// Live against desired.
    pub sync: Sync,
    /// How it is.
    pub health: Health,
    /// Whether the wanted release may go.
    pub gate: Gate,
    /// The plan, as it prints.
    pub plan: String,
    /// Why it is not converged, in one sentence; for a converged target, what it runs.
    pub reason: String,
    /// Since when the headline and the reason are what they are.
    pub since: Timestamp,
    /// The last time it was what it should be.
    pub converged: Option<Converged>,
    /// The last release that lived here.
    pub last_good: Option<Release>,
    /// What is under way.
    pub attempt: Option<Attempt>,
    /// The wanted release's rejection.
    pub rejected: Option<Rejected>,
    /// What was put back lately, oldest first.
    pub heals: Vec<Heal>,
    /// What we stopped putting back.
    pub contested: Option<Contested>,
    /// The services.
    pub services: Vec<ServiceStatus>,
    /// The website bucket, of a static site.
    #[serde(default)]
    pub site: Option<SiteStatus>,
}

impl Status {
    /// The one word, at `now`. Everything that shows a status calls this and nothing else.
    ///
    /// `looked_at` is the last time that the controller is known to have looked (its heartbeat, or
    /// [`Status::observed_at`]); older than three resync periods is `Unknown`, never green (L8).
    #[must_use]
    pub fn headline(&self, looked_at: Timestamp, now: Timestamp, resync: Duration) -> Headline {
        let age = now.duration_since(looked_at);
        if age > jiff::SignedDuration::try_from(resync.saturating_mul(3)).unwrap_or(jiff::SignedDuration::MAX) {
            return Headline::Unknown;
        }
        let drifted = self.converged.as_ref().is_some_and(|c| c.generation == self.observed_generation);
        match (self.gate, self.sync, self.health) {
            (Gate::Rejected, _, _) => Headline::Rejected,
            (_, _, Health::Degraded) => Headline::Degraded,
            (_, Sync::Unknown, _) | (_, _, Health::Unknown) => Headline::Unknown,
            (Gate::AwaitingApproval, _, _) => Headline::AwaitingApproval,
            (Gate::Held, Sync::OutOfSync, _) => Headline::Held,
            (_, Sync::OutOfSync, Health::Progressing) if !drifted => Headline::Progressing,
            (_, Sync::OutOfSync, _) if drifted => Headline::Drifted,
            (_, Sync::OutOfSync, _) => Headline::Pending,
            (Gate::Open | Gate::Held, Sync::InSync, Health::Progressing) => Headline::Progressing,
            (Gate::Open | Gate::Held, Sync::InSync, Health::Healthy) => Headline::Converged,
        }
    }
}
