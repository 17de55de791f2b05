//! The handlers, by what they are about. Each reads its request, calls one use case or reads records, and answers.

pub(crate) mod artifacts;
pub(crate) mod desired;
pub(crate) mod process;
pub(crate) mod specs;
pub(crate) mod targets;
pub(crate) mod wait;
