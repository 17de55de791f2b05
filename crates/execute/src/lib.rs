//! Doing what a plan says: one `match`, one function per action, no choices; the port [`LiveChanges`].

mod port;

pub use port::LiveChanges;
