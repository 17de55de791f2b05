//! ECS: services, task definitions, service deployments, tasks; and the two calls that change something.

mod changes;
mod definitions;
mod raw;
mod rollouts;
mod services;
mod tasks;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use driftless_domain::{ClusterName, EcsServiceName};

/// The reason of a failure that means "not there". Every other one leaves that open.
const MISSING: &str = "MISSING";

/// A service, for messages.
fn in_cluster(service: &EcsServiceName, cluster: &ClusterName) -> String {
    format!("{service} in cluster {cluster}")
}

/// The SDK's time as ours; a time outside of what can be shown is none.
fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// A count of ECS: never negative.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
