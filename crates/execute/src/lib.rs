//! Doing what a plan says: one `match`, one function per action, no choices; the ports [`LiveChanges`] and [`Journal`].
//!
//! **Refuses:** to decide, to retry, and to send anything that the journal did not allow just before (S5). It stops at the
//! first step that fails; the next pass looks again (L2). The steps of a site are many calls each: as many are in flight as
//! the budget of bytes allows, each is asked for, and the first failure stops those that were not sent.
//!
//! | | guards | in |
//! |---|---|---|
//! | S2 | what is put is what was announced: every file's sha256 is checked before S3 gets it | `site/small.rs`, `site/parts.rs` |
//! | S5 | nothing is sent that the journal did not allow just before | `perform.rs`, `site/step.rs` |
//! | S7 | an outcome that is not known is reported as such; what is in flight is awaited, never dropped | `site/step.rs` |
//! | S8 | nothing is sent twice, but what S3 says arrived damaged: once | `site/step.rs` |
//! | S13 | a page is deleted before what it refers to; a large file is there as a whole or not at all | `site/mod.rs`, `site/parts.rs` |
//! | S14 | an object is deleted only while it has the ETag that we gave it | `site/mod.rs` |
//! | S15 | a call names only the fields that we own | `port.rs`, `site_port.rs` |

mod perform;
mod port;
mod site;
mod site_port;

pub use perform::{StepError, StepFailure, execute};
pub use port::{Effect, Journal, LiveChanges, Refused};
pub use site_port::{SiteChanges, StoredObject, StoredPart};
