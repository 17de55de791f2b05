//! What everybody did, in order. Tests assert on it: the numbers of a history count, not only its end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// How a call ended, as the world knows it. The caller may know less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should, and said so.
    Done,
    /// The caller saw an error, or nothing any more.
    Failed {
        /// The error's code.
        code: String,
        /// Whether it did what it should all the same.
        took_effect: bool,
    },
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// Its number among the calls that share its [`Faults`](crate::Faults), from 1; 0 for the hands of others.
    pub number: u64,
    /// Who: `driftless`, `terraform`, `person`, `ci`, `autoscaling`; `ecs` for what ECS did by itself.
    pub actor: String,
    /// What, as IAM names it: `ecs:UpdateService`.
    pub operation: &'static str,
    /// To what: `ecs-service 111111111111/eu-west-1/main/web`, `s3-object shop-dev/index.html`,
    /// `cloudfront 111111111111/E2EXAMPLE1ABCD`. A batch names all its objects.
    pub object: String,
    /// With which values.
    pub detail: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it is a call that changes something. What ECS does by itself is no call.
    pub writes: bool,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, number, actor, operation, object, detail, outcome, writes: _ } = self;
        write!(f, "{at} #{number} {actor} {operation} {object}")?;
        if !detail.is_empty() {
            write!(f, " [{detail}]")?;
        }
        match outcome {
            Outcome::Done => Ok(()),
            Outcome::Failed { code, took_effect: true } => write!(f, " {code}, with effect"),
            Outcome::Failed { code, took_effect: false } => write!(f, " {code}"),
        }
    }
}

/// How many calls came through the ports. The hands of others do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls that only read.
    pub reads: u64,
    /// Calls that change something, failed ones included.
    pub writes: u64,
    /// All of them, by operation.
    pub by_operation: BTreeMap<&'static str, u64>,
}

/// The shared log.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    calls: Vec<Call>,
    /// By operation: reads, writes.
    counted: BTreeMap<&'static str, (u64, u64)>,
}

impl History {
    /// Writes down a call that came through a port.
    pub(crate) fn record(&self, call: Call) {
        let mut log = self.lock();
        let counted = log.counted.entry(call.operation).or_default();
        let count = if call.writes { &mut counted.1 } else { &mut counted.0 };
        *count = count.saturating_add(1);
        log.calls.push(call);
    }

    /// Writes down what others did.
    pub(crate) fn note(&self, call: Call) {
        self.lock().calls.push(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    pub(crate) fn calls_on(&self, object_contains: &str) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.object.contains(object_contains)).cloned().collect()
    }

    /// The counts of the operations that `wanted` picks.
    pub(crate) fn counts(&self, wanted: impl Fn(&str) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (operation, (reads, writes)) in &self.lock().counted {
            if wanted(operation) {
                counts.reads = counts.reads.saturating_add(*reads);
                counts.writes = counts.writes.saturating_add(*writes);
                counts.by_operation.insert(operation, reads.saturating_add(*writes));
            }
        }
        counts
    }

    pub(crate) fn reset_counts(&self) {
        self.lock().counted.clear();
    }

    pub(crate) fn clear(&self) {
        self.lock().calls.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        lock(&self.0)
    }
}

/// The lock, also after a panic elsewhere: a test that failed already has nothing to gain from a second panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
