//! The loop: what is wanted and what is live, brought together again and again.
//!
//! A [`Controller`] keeps a queue with one slot per target. Targets that are due are loaded and looked at together
//! (`round`), and then each goes through one pass of four calls: observe, plan, execute, report (`pass`). "Not yet" is a
//! value that says when the queue brings the target back; nothing here sleeps inside a pass.
//!
//! **Invariant:** wake-ups carry a target and nothing else; losing all of them costs latency, never correctness (L3).
//! **Invariant:** one pass per target at a time, and nothing that one target does (panic, poison record, hang) reaches
//! another (L4).
//!
//! Guards S5 (`journal`), S6, S8 (`heal`), S9, L1 to L4 and L6.

mod backoff;
mod controller;
mod heal;
mod journal;
mod lease;
mod pass;
mod prepare;
mod queue;
mod report;
mod round;
mod site;

pub use backoff::Delays;
pub use controller::{Controller, Settings, dry_run, once};
pub use heal::{CONTESTED_AFTER, HEAL_WINDOW};
pub use lease::{LEASE_TIME, Lessee, NotHeld, Sole, TAKEOVER_GRACE, Tenure, keep_lease};
pub use pass::{Ended, Next};
pub use queue::Queue;
