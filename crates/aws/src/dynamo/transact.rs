//! Several writes that happen together or not at all.
//!
//! Each call has its own client request token, made from what it writes, so that sending it again after a lost answer is the
//! same transaction to DynamoDB (for ten minutes) and not a second one. An endpoint that knows no tokens refuses the second
//! one, and what it then finds tells whether the first one arrived.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put as PutWrite, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use sha2::{Digest as _, Sha256};

use driftless_domain::{CallClass, CallError};
use driftless_releases::StoreError;

use super::DynamoStore;
use super::attributes::Item;
use super::items::read_owner;
use super::keys::Key;
use super::put::{Condition, Expression};
use super::tries::Tries;
use crate::classify::{Codes, classify};
use crate::counting::Kind;

const OPERATION: &str = "dynamodb:TransactWriteItems";

/// How often one transaction is sent: after a lost answer, or because another one held one of its items at that instant.
/// The delays between add up to 375 ms.
const MOST_TRIES: u32 = 5;

/// One write of a transaction.
#[derive(Debug)]
pub(super) struct Write {
    what: What,
    condition: Option<Condition>,
    refused: Refused,
}

#[derive(Debug)]
enum What {
    Put(Item),
    Delete(Key),
}

/// What it means when the condition of a write does not hold.
#[derive(Debug)]
enum Refused {
    /// Somebody else changed this record first.
    Changed(String),
    /// The resource belongs to another app.
    Claimed(String),
}

impl Write {
    /// A record whose former version is the condition.
    pub(super) fn record(item: Item, condition: Condition, what: String) -> Self {
        Self { what: What::Put(item), condition: Some(condition), refused: Refused::Changed(what) }
    }

    /// A line of the history. Its key is its own (time, sequence, kind), and the record beside it carries the condition.
    pub(super) fn event(item: Item) -> Self {
        Self { what: What::Put(item), condition: None, refused: Refused::Changed("the history".to_owned()) }
    }

    /// A resource that is free or belongs to the app already.
    pub(super) fn claim(item: Item, app: &str, resource: String) -> Self {
        let condition = Some(Condition::FreeOrOfApp(app.to_owned()));
        Self { what: What::Put(item), condition, refused: Refused::Claimed(resource) }
    }

    /// Lets go of a resource, if it is the app's.
    pub(super) fn release(resource: &str, app: &str) -> Self {
        let condition = Some(Condition::FreeOrOfApp(app.to_owned()));
        let refused = Refused::Claimed(resource.to_owned());
        Self { what: What::Delete(Key::claim(resource)), condition, refused }
    }

    fn to_sdk(&self, table: &str) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
        let expression = self.condition.as_ref().map(Condition::expression);
        let (text, names, values) = match expression {
            None => (None, None, None),
            Some(Expression { text, names, values }) => {
                let names = names.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                let values = values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
                (Some(text.to_owned()), Some(names), Some(values).filter(|v: &Item| !v.is_empty()))
            }
        };
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        Ok(match &self.what {
            What::Put(put) => item.put(
                PutWrite::builder()
                    .table_name(table)
                    .set_item(Some(put.clone()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            What::Delete(key) => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.to_item()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
        }
        .build())
    }
}

impl DynamoStore {
    /// Does all of the writes, or none.
    pub(super) async fn transact(&self, writes: &[Write]) -> Result<(), StoreError> {
        let items: Vec<TransactWriteItem> = writes
            .iter()
            .map(|write| write.to_sdk(&self.table))
            .collect::<Result<_, _>>()
            .map_err(|error| self.not_sent(OPERATION, &error))?;
        let token = token(writes);
        let mut tries = Tries::at_most(MOST_TRIES);
        loop {
            self.calls.sent(OPERATION, Kind::Change);
            let request = self.writes.transact_write_items().client_request_token(&token);
            let error = match request.set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let service = error.as_service_error();
            let failure = if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = service {
                self.cancelled(writes, cancelled.cancellation_reasons(), &error)
            } else {
                Cancelled::Call(self.failed(OPERATION, Kind::Change, &error))
            };
            match failure {
                Cancelled::Refused(write, reason) => {
                    return match &write.what {
                        What::Put(item) if self.arrived(&tries, item, reason.item()).await? => Ok(()),
                        What::Put(_) | What::Delete(_) => Err(write.refused(reason)),
                    };
                }
                Cancelled::Busy(what) => tries.after_busy(StoreError::Conflict { what }).await?,
                Cancelled::Call(error) => tries.after(error).await?,
            }
        }
    }

    fn cancelled<'a>(
        &self,
        writes: &'a [Write],
        reasons: &'a [CancellationReason],
        error: &SdkError<TransactWriteItemsError>,
    ) -> Cancelled<'a> {
        let with = |code: &str| reasons.iter().zip(writes).find(|(reason, _)| reason.code() == Some(code));
        if let Some((reason, write)) = with("ConditionalCheckFailed") {
            return Cancelled::Refused(write, reason);
        }
        if let Some((_, write)) = with("TransactionConflict") {
            return Cancelled::Busy(write.name());
        }
        // Throttled, or something that DynamoDB does not accept: the code of the first item that has one says which.
        let (_, mut said) = classify(Codes::Common, Kind::Change, error);
        let reason = reasons.iter().find(|reason| reason.code().is_some_and(|code| code != "None"));
        if let Some(reason) = reason {
            said.code = reason.code().unwrap_or_default().to_owned();
            said.message = reason.message().unwrap_or_default().to_owned();
        }
        let class = match said.code.as_str() {
            "ThrottlingError" | "ProvisionedThroughputExceeded" => CallClass::Throttled,
            _ => CallClass::Invalid,
        };
        self.calls.failed(OPERATION, Kind::Change, class);
        Cancelled::Call(CallError { operation: OPERATION, object: self.object(), class, said })
    }
}

/// Why a transaction did not happen.
enum Cancelled<'a> {
    /// The condition of this write did not hold: nothing will change that.
    Refused(&'a Write, &'a CancellationReason),
    /// Another transaction held one of the items.
    Busy(String),
    /// The call failed.
    Call(CallError),
}

impl Write {
    fn name(&self) -> String {
        match &self.refused {
            Refused::Changed(what) => what.clone(),
            Refused::Claimed(resource) => format!("the claim on {resource}"),
        }
    }

    fn refused(&self, reason: &CancellationReason) -> StoreError {
        match &self.refused {
            Refused::Changed(what) => StoreError::Conflict { what: what.clone() },
            Refused::Claimed(resource) => match reason.item() {
                Some(owner) => match read_owner(&Key::claim(resource), owner) {
                    Ok(owner) => StoreError::Claimed { resource: resource.clone(), owner },
                    Err(invalid) => StoreError::Invalid(invalid),
                },
                None => StoreError::Conflict { what: self.name() },
            },
        }
    }
}

/// The client request token: the hash of what one call writes. Two calls are two intents even when they write the same,
/// because the second must learn from its condition that it came second; so the call is a part of the hash.
fn token(writes: &[Write]) -> String {
    static PROCESS: LazyLock<u128> = LazyLock::new(|| {
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() ^ u128::from(std::process::id())
    });
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let mut intent = format!("{:x} {}", *PROCESS, CALLS.fetch_add(1, Ordering::Relaxed));
    for write in writes {
        let sorted = match &write.what {
            What::Put(item) => item.iter().collect::<BTreeMap<_, _>>(),
            What::Delete(_) => BTreeMap::new(),
        };
        // Writing to a String cannot fail.
        let _ = write!(intent, " {} {:?} {sorted:?}", write.name(), write.condition);
    }
    let mut token = String::with_capacity(36);
    for byte in Sha256::digest(intent.as_bytes()).iter().take(18) {
        let _ = write!(token, "{byte:02x}");
    }
    token
}
