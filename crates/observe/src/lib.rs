//! Reading the live world, batched over targets; the port [`LiveState`].
//!
//! **Refuses:** to change anything, to decide anything, and to turn a failed read into "not there" (S10): every answer is
//! a [`Seen`](driftless_domain::Seen).
//!
//! What a converged target costs is a tenth of a DescribeServices and a tenth of a GetParameters per look: revisions are
//! kept for ever (they do not change), a family's list and running digests for [`FAMILY_KEPT`], the rollouts of a
//! finished deployment as long as it is the current one.

mod cache;
mod look;
mod port;
mod service;

pub use cache::{FAMILY_KEPT, REVISIONS_LOOKED_AT};
pub use look::Observer;
pub use port::{LiveState, PARAMETERS_PER_CALL, SERVICES_PER_CALL};
