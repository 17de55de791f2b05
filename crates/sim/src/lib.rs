#![doc = include_str!("../README.md")]

mod behaviour;
mod call;
mod clock;
mod cloudfront;
mod ecs;
mod faults;
mod history;
mod s3;
mod store;
mod timeline;
mod wire;
mod world;

pub use behaviour::ImageBehaviour;
pub use clock::SimClock;
pub use cloudfront::MadeInvalidation;
pub use ecs::{Breaker, ServiceOptions};
pub use faults::{Failure, Faults, Throttle, Where};
pub use history::{Call, Counts, Outcome};
pub use s3::{Object, ObjectHeaders, ObjectWrite};
pub use store::MemoryStore;
pub use world::World;
