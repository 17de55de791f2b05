//! One step of many calls: each is asked for just before it is sent, and the first that fails stops all that were not sent.
//!
//! **Refuses:** to drop a call that was begun: it may have been sent or not, and nobody would know. Everything in flight is
//! awaited, and then the first failure is what the step answers.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::BoxStream;

use driftless_domain::{BucketName, CallError, ObjectKey, Place, Progress};

use crate::perform::StepFailure;
use crate::port::{Journal, LiveChanges};
use crate::site::budget::Budget;
use crate::site::check;

/// The step is over; why is written down in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Halted;

/// One step under way.
pub(super) struct Step<'a> {
    pub(super) live: &'a dyn LiveChanges,
    journal: &'a dyn Journal,
    pub(super) place: &'a Place,
    pub(super) bucket: &'a BucketName,
    pub(super) budget: Budget,
    of_files: u64,
    of_bytes: u64,
    files: AtomicU64,
    bytes: AtomicU64,
    first: Mutex<Option<StepFailure>>,
}

impl<'a> Step<'a> {
    /// A step on a bucket that is about so many files and bytes.
    pub(super) fn new(
        live: &'a dyn LiveChanges,
        journal: &'a dyn Journal,
        (place, bucket): (&'a Place, &'a BucketName),
        (of_files, of_bytes): (u64, u64),
    ) -> Self {
        let (files, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let (budget, first) = (Budget::new(), Mutex::new(None));
        Self { live, journal, place, bucket, budget, of_files, of_bytes, files, bytes, first }
    }

    /// Sends one call if the journal lets it, and gives its answer.
    pub(super) async fn send<T>(
        &self,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<Result<T, CallError>, Halted> {
        self.go_on()?;
        if let Err(refused) = self.journal.go_on(self.progress()).await {
            return Err(self.fail(refused));
        }
        // Another call may have failed while the journal was asked.
        self.go_on()?;
        Ok(call.await)
    }

    /// Sends one call that must work.
    pub(super) async fn must<T>(&self, call: impl Future<Output = Result<T, CallError>>) -> Result<T, Halted> {
        self.send(call).await?.map_err(|error| self.fail(error))
    }

    /// Sends one call that must work, and a second time if what arrived was not what was sent (faults.md: "Re-upload
    /// once, then fail").
    pub(super) async fn must_arrive<T, F>(&self, key: &ObjectKey, call: impl Fn() -> F) -> Result<T, Halted>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        match self.send(call()).await? {
            Ok(answer) => Ok(answer),
            Err(error) if check::arrived_damaged(&error) => {
                tracing::warn!(bucket = %self.bucket, %key, said = %error.said, "arrived damaged; sent again");
                self.must(call()).await
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Writes down why the step is over, unless it is over already, and stops everything that was not sent.
    pub(super) fn fail(&self, why: impl Into<StepFailure>) -> Halted {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why.into());
        self.budget.close();
        Halted
    }

    /// Whether there is any use in going on.
    pub(super) fn go_on(&self) -> Result<(), Halted> {
        if self.budget.is_closed() { Err(Halted) } else { Ok(()) }
    }

    /// Counts what is done, for the progress that people see.
    pub(super) fn count(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn progress(&self) -> Progress {
        let Self { of_files, of_bytes, files, bytes, .. } = self;
        // The parts of a file that is sent a second time count twice.
        let bytes = bytes.load(Ordering::Relaxed).min(*of_bytes);
        Progress { files: files.load(Ordering::Relaxed), of_files: *of_files, bytes, of_bytes: *of_bytes }
    }

    /// How the step ended, when nothing is in flight any more.
    pub(super) fn end(self) -> Result<(), StepFailure> {
        self.first.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// Everything to its end, after a failure too: each writes down its own, what was sent is awaited, and what was not is not
/// sent any more. (A stream in a box: the compiler cannot tell of the others that they may move to another thread.)
pub(super) async fn all(mut work: BoxStream<'_, Result<(), Halted>>) {
    while work.next().await.is_some() {}
}
