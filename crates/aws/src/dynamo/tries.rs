//! The tries of one write, and what is known of it once an answer was lost.
//!
//! **Refuses:** to let a later try that failed for sure speak for an earlier one that may have happened.

use driftless_domain::{CallClass, CallError};

use super::attributes::Item;
use super::keys::Key;
use super::{DynamoStore, delay};

/// The tries so far.
#[derive(Debug)]
pub(super) struct Tries {
    most: u32,
    failed: u32,
    /// The newest failure after which the write may have happened.
    lost: Option<CallError>,
}

impl Tries {
    /// Before the first one.
    pub(super) fn at_most(most: u32) -> Self {
        Self { most, failed: 0, lost: None }
    }

    /// A call failed. Returns when it is time to send it again.
    ///
    /// # Errors
    /// What the failures mean together, when nothing is to be gained from another try.
    pub(super) async fn after(&mut self, error: CallError) -> Result<(), CallError> {
        let again = match error.class {
            CallClass::Ambiguous => {
                self.lost = Some(error.clone());
                true
            }
            CallClass::Transient => true,
            // Waiting is left to the caller, unless another try can still tell what became of the lost one.
            CallClass::Throttled | CallClass::Conflict => self.lost.is_some(),
            CallClass::Denied | CallClass::Invalid => false,
        };
        if again { self.after_busy(error).await } else { Err(self.outcome(error)) }
    }

    /// Something that passes was in the way. Returns when it is time to send the write again.
    ///
    /// # Errors
    /// When that was the last try: this error, or the lost one.
    pub(super) async fn after_busy<E: From<CallError>>(&mut self, error: E) -> Result<(), E> {
        self.failed += 1;
        if self.failed >= self.most {
            return Err(self.outcome(error));
        }
        tokio::time::sleep(delay(self.failed)).await;
        Ok(())
    }

    fn outcome<E: From<CallError>>(&self, error: E) -> E {
        self.lost.clone().map_or(error, E::from)
    }
}

impl DynamoStore {
    /// Whether an earlier try arrived, now that the condition of a later one does not hold: its answer was lost, and what is
    /// there is what we sent.
    ///
    /// # Errors
    /// The lost one, when what is there cannot be read.
    pub(super) async fn arrived(&self, tries: &Tries, item: &Item, found: Option<&Item>) -> Result<bool, CallError> {
        let Some(lost) = &tries.lost else { return Ok(false) };
        match (found, Key::of(item)) {
            (Some(found), _) => Ok(found == item),
            // An endpoint that does not say what it found is asked.
            (None, Some(key)) => {
                let found = self.get(&key).await.map_err(|_| lost.clone())?;
                Ok(found.as_ref() == Some(item))
            }
            (None, None) => Ok(false),
        }
    }
}
