//! What has become of one generation: what CI jobs wait for.

use driftless_domain::{Gate, Generation, Headline, Health, RejectedAs, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::view::is_of;
use crate::wire::TargetView;

/// What has become of a generation. A release that was taken back is never `converged`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It runs, by digest, and nothing else is wanted.
    Converged,
    /// ECS took it back.
    RolledBack,
    /// It failed, or ran into the deadline.
    Failed,
    /// A later generation is wanted.
    Superseded,
    /// Something needs a person.
    Degraded,
    /// A gate is closed.
    Gated,
    /// On the way.
    Pending,
}

impl Outcome {
    /// Whether it will not change by itself any more.
    #[must_use]
    pub fn is_decided(self) -> bool {
        match self {
            Self::Converged | Self::RolledBack | Self::Failed | Self::Superseded => true,
            Self::Degraded | Self::Gated | Self::Pending => false,
        }
    }
}

/// What has become of `generation`, as a target is seen.
#[must_use]
pub fn outcome(view: &TargetView, generation: Generation) -> Outcome {
    if view.desired.as_ref().is_some_and(|desired| desired.generation > generation) {
        return Outcome::Superseded;
    }
    let seen = view.status.as_ref().filter(|status| status.observed_generation == generation);
    let this = |status: &&Status| view.desired.as_ref().is_none_or(|desired| is_of(status, &desired.artifact));
    let Some(status) = seen.filter(this) else {
        let broken =
            view.headline == Headline::Degraded || seen.is_some_and(|status| status.health == Health::Degraded);
        return if broken { Outcome::Degraded } else { Outcome::Pending };
    };
    if let Some(rejected) = status.rejected.as_ref().filter(|rejected| rejected.generation == generation) {
        return match rejected.outcome {
            RejectedAs::RolledBack => Outcome::RolledBack,
            RejectedAs::Failed => Outcome::Failed,
        };
    }
    let here = status.converged.as_ref().is_some_and(|converged| converged.generation == generation);
    match (view.headline, status.gate) {
        (Headline::Converged, _) if here => Outcome::Converged,
        (Headline::Degraded, _) => Outcome::Degraded,
        (_, Gate::AwaitingApproval | Gate::Held) => Outcome::Gated,
        (
            Headline::Converged
            | Headline::Progressing
            | Headline::Pending
            | Headline::Drifted
            | Headline::AwaitingApproval
            | Headline::Held
            | Headline::Rejected
            | Headline::Unknown,
            Gate::Open | Gate::Rejected,
        ) => Outcome::Pending,
    }
}
