//! ECS as it behaves: task definitions, services, and the deployments that it plays by itself.

mod deployment;
mod document;
mod engine;
mod revision;
mod service;

pub(crate) use deployment::told_of;
pub(crate) use revision::{Family, Revision};
pub use service::{Breaker, ServiceOptions};
pub(crate) use service::{Lifecycle, Service, Update};
