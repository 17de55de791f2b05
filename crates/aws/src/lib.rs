//! The only crate that names the AWS SDK: the ports of `observe`, `execute` and `releases`, implemented.
//!
//! - [`Accounts`] opens places (account, region, role); [`Aws`] reads and changes what is in them.
//! - [`DynamoStore`] keeps the records; [`DynamoStore::bootstrap`] makes the table.
//! - [`CallCounter`] counts what they send.
//!
//! **Refuses:** to let an SDK type out (except for setting up tests), to send a change twice, to call a change failed that
//! may have happened, and to turn an error into "not there".

mod classify;
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
mod ssm;
#[cfg(test)]
mod testing;

pub use connect::{Accounts, Endpoint};
pub use counting::{CallCounter, Counts, Kind};
pub use dynamo::{BootstrapError, BootstrapItem, BootstrapOutcome, BootstrapStep, DeletionProtection, DynamoStore};
pub use limits::{Bucket, LONGEST_WAIT_OF_A_CHANGE, LONGEST_WAIT_OF_A_READ};
pub use live::Aws;
