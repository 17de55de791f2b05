//! Why a release may not go yet: one evaluator, the same answer for API, CLI and controller (DESIGN.md section 7).

use serde::{Deserialize, Serialize};

use driftless_domain::{EnvName, Status, Tag};
use driftless_spec::Environment;

/// A gate that is closed, and who can open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "gate", rename_all = "kebab-case")]
pub enum Unmet {
    /// The environment asks for approvals.
    #[error(
        "{env} asks for approvals (staff: {staff}, client: {client}) and this version cannot collect them; nothing \
         is deployed there until it can, or until the spec no longer asks"
    )]
    Approvals {
        /// The environment.
        env: EnvName,
        /// People of the staff.
        staff: u32,
        /// People of the client.
        client: u32,
    },
    /// The artifact has not converged where it must run first.
    #[error("{tag} has not converged in {first}, which comes before {env}; deploy it there and wait for it")]
    Order {
        /// The environment.
        env: EnvName,
        /// The environment that comes first.
        first: EnvName,
        /// The artifact.
        tag: Tag,
    },
}

impl Unmet {
    /// Whether the gate is one that a person opens (an approval), rather than time or another target.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        match self {
            Self::Approvals { .. } => true,
            Self::Order { .. } => false,
        }
    }
}

/// Every gate of an environment that is closed for an artifact. `lived` says whether the artifact has converged in an
/// environment that comes first.
#[must_use]
pub fn unmet_gates(environment: &Environment, tag: &Tag, lived: impl Fn(&EnvName) -> bool) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    for first in environment.after.iter().filter(|first| !lived(first)) {
        unmet.push(Unmet::Order { env: environment.name.clone(), first: first.clone(), tag: tag.clone() });
    }
    if !environment.approvals.is_none() {
        unmet.push(Unmet::Approvals {
            env: environment.name.clone(),
            staff: environment.approvals.staff,
            client: environment.approvals.client,
        });
    }
    unmet
}

/// Whether an artifact is the one that last lived in a target.
#[must_use]
pub fn lived(status: &Status, tag: &Tag) -> bool {
    let last_good = status.last_good.as_ref().is_some_and(|release| &release.tag == tag);
    last_good || status.converged.as_ref().is_some_and(|converged| &converged.tag == tag)
}
