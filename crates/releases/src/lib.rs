//! What people want, and the rules for changing it: the records, the gates, announcing a build and asking for a release;
//! and the port to the table that keeps them.
//!
//! The port is cut along the two IAM roles (DESIGN.md section 3): everybody reads ([`ReadRecords`]); the API writes what
//! people ask for ([`DesiredWrites`]) and the controller writes what it found ([`StatusWrites`]). Neither can name the
//! other's writes.
//!
//! **Refuses:** AWS calls, clocks (times are arguments), and a record that does not parse: that is a value
//! ([`Stored::Invalid`]), never an error of its neighbours.

mod builds;
mod change;
mod gates;
mod records;
mod resolve;
mod store;

pub use driftless_spec::{ArtifactBucket, Claim};

pub use builds::{Builds, FetchError, FetchedBuild};
pub use change::{Announced, Applied, ChangeError, DeployRequest, Deployed, announce, apply_spec, deploy, spec_of};
pub use gates::{Unmet, lived, unmet_gates};
pub use records::{DesiredRecord, Event, EventKind, Heartbeat, InvalidRecord, Lease, SpecRecord, Stored, Versioned};
pub use resolve::{Unresolved, resolve};
pub use store::{
    ApiStore, Change, ControllerStore, DesiredWrites, Loaded, PutArtifact, ReadRecords, StatusWrites, StoreError,
};
