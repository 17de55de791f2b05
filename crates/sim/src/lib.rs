#![doc = include_str!("../README.md")]

mod behaviour;
mod call;
mod clock;
mod ecs;
mod faults;
mod history;
mod store;
mod timeline;
mod wire;
mod world;

pub use behaviour::ImageBehaviour;
pub use clock::SimClock;
pub use ecs::{Breaker, ServiceOptions};
pub use faults::{Failure, Faults, Throttle, Where};
pub use history::{Call, Counts, Outcome};
pub use store::MemoryStore;
pub use world::World;
