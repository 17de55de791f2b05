//! The records: one item each in the table, with plain attributes that a person can read in the console.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use driftless_domain::{Actor, AppName, Generation, Reason, Tag, Target};

/// A record that is there and does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid record: {key}: {problem}")]
pub struct InvalidRecord {
    /// The item's key.
    pub key: String,
    /// What is wrong with it, with the attribute's name.
    pub problem: String,
}

/// What a consistent read of one item gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored<T> {
    /// It is there.
    Valid(T),
    /// It is not there.
    Missing,
    /// It is there and does not parse.
    Invalid(InvalidRecord),
}

impl<T> Stored<T> {
    /// The record, if it is there and parses.
    pub fn valid(self) -> Option<T> {
        match self {
            Self::Valid(record) => Some(record),
            Self::Missing | Self::Invalid(_) => None,
        }
    }

    /// The same, by reference.
    pub fn as_valid(&self) -> Option<&T> {
        match self {
            Self::Valid(record) => Some(record),
            Self::Missing | Self::Invalid(_) => None,
        }
    }
}

/// A record with the count of its writes, which is the condition of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// Grows by one with each write; 0 means "not written yet".
    pub version: u64,
    /// The record.
    pub record: T,
}

/// An app's spec as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecRecord {
    /// The app.
    pub app: AppName,
    /// Grows by one with each change, and is the condition of every write.
    pub version: u64,
    /// The YAML, as it was given.
    pub document: String,
    /// Who applied it.
    pub applied_by: Actor,
    /// When.
    pub applied_at: Timestamp,
}

/// What a target should run: the record that people and approvals edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredRecord {
    /// The target.
    pub target: Target,
    /// Grows by one with each change, and is the condition of every write (S4).
    pub generation: Generation,
    /// The artifact.
    pub artifact: Tag,
    /// Who asked for it.
    pub requested_by: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub requested_at: Timestamp,
}

/// What a history event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Somebody changed the desired record.
    Requested,
    /// An attempt began.
    Started,
    /// A call to AWS that changes something is about to be sent.
    Intent,
    /// The target is what it should be.
    Converged,
    /// The release was rejected.
    Rejected,
    /// A newer generation took over before it was live.
    Superseded,
    /// The live state left the desired one.
    Drifted,
    /// We stopped putting something back.
    Contested,
    /// A person asked for another look.
    Nudged,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "requested",
            Self::Started => "started",
            Self::Intent => "intent",
            Self::Converged => "converged",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Drifted => "drifted",
            Self::Contested => "contested",
            Self::Nudged => "nudged",
        })
    }
}

/// One line of a target's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The target.
    pub target: Target,
    /// When.
    pub at: Timestamp,
    /// Orders events of one instant.
    pub sequence: u32,
    /// What it tells of.
    pub kind: EventKind,
    /// The generation it is about.
    pub generation: Generation,
    /// Who did it.
    pub actor: Actor,
    /// The sentence.
    pub text: String,
}

/// The controller's word that it is alive and how far back its oldest look is (L8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The controller process.
    pub holder: String,
    /// When it wrote this.
    pub at: Timestamp,
    /// Every target it keeps was looked at since.
    pub all_looked_at: Timestamp,
    /// How many targets it keeps.
    pub targets: u32,
    /// Its resync period, in seconds: what "fresh" is measured by.
    pub resync_seconds: u64,
}

/// The right to mutate the targets of one shard. No absolute time is stored (DESIGN.md section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which shard.
    pub shard: u16,
    /// An identity made at process start, never a host name; empty when it was let go.
    pub holder: String,
    /// Grows at each takeover.
    pub token: u64,
    /// Grows at each renewal; the condition of every write.
    pub version: u64,
}
