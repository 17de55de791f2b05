//! The records in one DynamoDB table: plain attributes that a person can read in the console, one item per record.
//!
//! **Refuses:** a write without a condition, a read that may be stale (the index only says where to look), and to fail for
//! all because of one item that does not parse.

mod attributes;
mod bootstrap;
mod items;
mod items_found;
mod keys;
mod manifests;
mod put;
mod read;
mod transact;
mod tries;
mod writes;

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use driftless_domain::{CallClass, CallError, Region};

use self::attributes::Item;
use self::keys::{INDEX, Key, LANE, PK};
use crate::classify::{Codes, classify};
use crate::connect::{Accounts, timeouts};
use crate::counting::{CallCounter, Kind};

pub use self::bootstrap::{BootstrapError, BootstrapItem, BootstrapOutcome, BootstrapStep, DeletionProtection};

/// BatchGetItem takes this many keys (aws-facts.md, DynamoDB).
const KEYS_PER_CALL: usize = 100;
/// How often keys that DynamoDB left out of an answer are asked for again: with the delays below, some three seconds.
const ROUNDS: u32 = 7;

/// The table.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    /// Repeats by itself.
    reads: Client,
    /// Sends once: what comes after a lost answer is decided here, with the item in hand.
    writes: Client,
    table: String,
    calls: CallCounter,
}

impl DynamoStore {
    /// A table through this client, whose retries and timeouts are replaced by the store's own.
    #[must_use]
    pub fn new(client: &Client, table: impl Into<String>, calls: CallCounter) -> Self {
        let with = |retries| {
            let config = client.config().to_builder().retry_config(retries).timeout_config(timeouts());
            Client::from_conf(config.build())
        };
        let (reads, writes) = (with(RetryConfig::standard()), with(RetryConfig::disabled()));
        Self { reads, writes, table: table.into(), calls }
    }

    /// A table in the controller's own account.
    #[must_use]
    pub fn connect(accounts: &Accounts, region: &Region, table: impl Into<String>, calls: CallCounter) -> Self {
        Self::new(&accounts.table_client(region), table, calls)
    }

    fn failed<E>(&self, operation: &'static str, kind: Kind, error: &SdkError<E>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (class, said) = classify(Codes::Common, kind, error);
        self.calls.failed(operation, kind, class);
        CallError { operation, object: self.object(), class, said }
    }

    fn object(&self) -> String {
        format!("table {}", self.table)
    }

    /// A request that our own code could not put together.
    fn not_sent(&self, operation: &'static str, problem: &dyn Error) -> CallError {
        CallError::new(operation, self.object(), CallClass::Invalid, "NotSent", &problem.to_string())
    }

    /// A consistent read of one item.
    async fn get(&self, key: &Key) -> Result<Option<Item>, CallError> {
        const OPERATION: &str = "dynamodb:GetItem";
        self.calls.sent(OPERATION, Kind::Read);
        let request = self.reads.get_item().table_name(&self.table).set_key(Some(key.to_item())).consistent_read(true);
        let answer = request.send().await.map_err(|error| self.failed(OPERATION, Kind::Read, &error))?;
        Ok(answer.item)
    }

    /// Consistent reads of many items. A key that is not in the answer has no item.
    async fn get_all(&self, keys: Vec<Key>) -> Result<HashMap<Key, Item>, CallError> {
        const OPERATION: &str = "dynamodb:BatchGetItem";
        let mut found = HashMap::with_capacity(keys.len());
        for some in keys.chunks(KEYS_PER_CALL) {
            let mut left: Vec<Item> = some.iter().map(Key::to_item).collect();
            let mut round = 0;
            while !left.is_empty() {
                if round > ROUNDS {
                    let words = format!("{} keys were left out {ROUNDS} times", left.len());
                    let (class, code) = (CallClass::Throttled, "UnprocessedKeys");
                    return Err(CallError::new(OPERATION, self.object(), class, code, &words));
                }
                if round > 0 {
                    tokio::time::sleep(delay(round)).await;
                }
                round += 1;
                self.calls.sent(OPERATION, Kind::Read);
                let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
                let wanted = wanted.map_err(|error| self.not_sent(OPERATION, &error))?;
                let request = self.reads.batch_get_item().request_items(&self.table, wanted);
                let answer = request.send().await.map_err(|error| self.failed(OPERATION, Kind::Read, &error))?;
                let items = answer.responses.unwrap_or_default().into_values().flatten();
                found.extend(items.filter_map(|item| Some((Key::of(&item)?, item))));
                let unprocessed = answer.unprocessed_keys.unwrap_or_default();
                left = unprocessed.into_values().flat_map(|keys| keys.keys).collect();
            }
        }
        Ok(found)
    }

    /// One page of a lane of the index, eventually consistent: keys and times only.
    async fn lane(&self, lane: &str, page: &LanePage<'_>) -> Result<(Vec<Item>, Option<Item>), CallError> {
        const OPERATION: &str = "dynamodb:Query";
        let LanePage { since, newest_first, limit, after } = page;
        self.calls.sent(OPERATION, Kind::Read);
        let mut request = self
            .reads
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .expression_attribute_names("#lane", LANE)
            .expression_attribute_values(":lane", AttributeValue::S(lane.to_owned()))
            .scan_index_forward(!newest_first)
            .set_limit(*limit)
            .set_exclusive_start_key(after.clone());
        request = match since {
            None => request.key_condition_expression("#lane = :lane"),
            Some(since) => request
                .key_condition_expression("#lane = :lane AND #at >= :since")
                .expression_attribute_names("#at", keys::CHANGED_AT)
                .expression_attribute_values(":since", AttributeValue::S((*since).to_owned())),
        };
        let answer = request.send().await.map_err(|error| self.failed(OPERATION, Kind::Read, &error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.filter(|key| !key.is_empty())))
    }

    /// All of a lane.
    async fn whole_lane(&self, lane: &str, since: Option<&str>) -> Result<Vec<Item>, CallError> {
        let mut items = Vec::new();
        let mut page = LanePage { since, ..LanePage::default() };
        loop {
            let (some, after) = self.lane(lane, &page).await?;
            items.extend(some);
            if after.is_none() {
                return Ok(items);
            }
            page.after = after;
        }
    }

    /// One page of a partition, newest first, consistent.
    async fn partition(
        &self,
        pk: &str,
        limit: i32,
        after: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), CallError> {
        const OPERATION: &str = "dynamodb:Query";
        self.calls.sent(OPERATION, Kind::Read);
        let request = self
            .reads
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(after);
        let answer = request.send().await.map_err(|error| self.failed(OPERATION, Kind::Read, &error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.filter(|key| !key.is_empty())))
    }
}

/// Which page of a lane.
#[derive(Debug, Default)]
struct LanePage<'a> {
    since: Option<&'a str>,
    newest_first: bool,
    limit: Option<i32>,
    after: Option<Item>,
}

/// 25 ms, 50 ms, 100 ms … for what is tried again within one call.
fn delay(round: u32) -> Duration {
    Duration::from_millis(25).saturating_mul(1 << round.saturating_sub(1).min(8))
}
