//! Reading the live world, batched over targets; the port [`LiveState`].
//!
//! **Refuses:** to change anything, to decide anything, and to turn a failed read into "not there" (S10): every answer is
//! a [`Seen`](driftless_domain::Seen).
//!
//! By the numbers of docs/design/invariants.md: an error is never an empty answer (S10); a read that fails is unknown for what
//! it was to show and for nothing else (L4); services and parameters are read at every look, so that losing every event
//! costs a resync (L3); digests come from the running tasks (S2); what is kept can be lost without a doubled step (S7), for
//! a revision that we registered and that lists do not show yet is looked up by its name.
//!
//! A site is compared by content: a list gives sizes and ETags, and a HEAD is made only of what the list cannot tell
//! (`site`), so that a converged site of 5,000 files costs five lists and a few HEADs.
//!
//! What a converged target of services costs is a tenth of a DescribeServices and a tenth of a GetParameters per look: revisions are
//! kept for ever (they do not change), a family's list and running digests for [`FAMILY_KEPT`], the rollouts of a
//! finished deployment as long as it is the current one.

mod cache;
mod look;
mod port;
mod service;
mod site;
mod site_port;

pub use cache::{FAMILY_KEPT, REVISIONS_LOOKED_AT};
pub use look::Observer;
pub use port::{LiveState, PARAMETERS_PER_CALL, SERVICES_PER_CALL};
pub use site_port::{OBJECTS_AT_MOST, Objects, SiteState};
