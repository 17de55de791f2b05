//! Doing what a plan says: one `match`, one function per action, no choices; the ports [`LiveChanges`] and [`Journal`].
//!
//! **Refuses:** to decide, to retry, and to send anything that the journal did not allow just before (S5). It stops at the
//! first step that fails; the next pass looks again (L2). Guards S5, S7 (a step whose
//! outcome is not known is reported as such and never repeated here), S8 (nothing is sent twice) and S15 (a call names only the
//! fields that we own).

mod perform;
mod port;
mod site;
mod site_port;

pub use perform::{StepError, StepFailure, execute};
pub use port::{Effect, Journal, LiveChanges, Refused};
pub use site_port::{SiteChanges, StoredObject, StoredPart};
