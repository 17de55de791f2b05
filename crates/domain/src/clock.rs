//! The port to time. One implementation reads the machine's clocks (`driftlessd`), one follows the simulation's.

use std::time::Duration;

use jiff::Timestamp;

/// Where the time comes from. Everything else takes times as arguments; clippy.toml bans the clocks themselves.
pub trait Clock: Send + Sync {
    /// What the wall clock says: for records and for people. It may jump.
    fn now(&self) -> Timestamp;

    /// How long this process has been running: for delays and deadlines. It never goes back.
    fn running_for(&self) -> Duration;
}
