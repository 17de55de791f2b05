//! What people want, and the rules for changing it: the records, the gates, announcing a build and asking for a release;
//! and the ports to the table that keeps them and to the bucket with the builds of sites.
//!
//! Announcing the build of a site ([`announce_site`]) is where its zip is read for the first and only time as a whole:
//! [`inspect`] checks every entry, hashes every content and decides every header, and the [`Manifest`] that comes out is
//! what every environment converges to, and what a rollback goes back to. It runs on a thread of its own, as it computes for
//! seconds; this is the one reason why tokio is here.
//!
//! [`Manifest`]: driftless_domain::Manifest
//!
//! The port is cut along the two IAM roles (DESIGN.md section 3): everybody reads ([`ReadRecords`]); the API writes what
//! people ask for ([`DesiredWrites`]) and the controller writes what it found ([`StatusWrites`]). Neither can name the
//! other's writes.
//!
//! **Refuses:** AWS calls, publishing a part of a build, clocks (times are arguments), and a record that does not parse: that is a value
//! ([`Stored::Invalid`]), never an error of its neighbours.

mod build;
mod builds;
mod change;
mod gates;
mod records;
mod resolve;
mod store;

pub use driftless_spec::{ArtifactBucket, Claim};

pub use build::{BadBuild, BadEntry, BadZip, inspect};
pub use builds::{Builds, FetchError, FetchedBuild};
pub use change::{
    Announced, Applied, ChangeError, DeployRequest, Deployed, SiteAnnouncement, announce, announce_site, apply_spec,
    deploy, spec_of,
};
pub use gates::{Unmet, lived, unmet_gates};
pub use records::{DesiredRecord, Event, EventKind, Heartbeat, InvalidRecord, Lease, SpecRecord, Stored, Versioned};
pub use resolve::{Unresolved, resolve};
pub use store::{
    ApiStore, Change, ControllerStore, DesiredWrites, Loaded, PutArtifact, ReadRecords, StatusWrites, StoreError,
};
