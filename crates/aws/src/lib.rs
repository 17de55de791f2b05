#![doc = include_str!("../README.md")]

mod classify;
mod cloudfront;
mod connect;
mod counting;
mod credentials;
mod dynamo;
mod ecr;
mod ecs;
mod identity;
mod limits;
mod live;
#[cfg(test)]
mod on_the_wire;
mod operation;
mod s3;
mod ssm;
#[cfg(test)]
mod testing;

pub use connect::{Accounts, Endpoint, LONGEST_IN_FLIGHT};
pub use counting::{CallCounter, Counts, Kind};
pub use dynamo::{BootstrapError, BootstrapItem, BootstrapOutcome, BootstrapStep, DeletionProtection, DynamoStore};
pub use limits::{Bucket, LONGEST_WAIT_OF_A_CHANGE, LONGEST_WAIT_OF_A_READ};
pub use live::Aws;
