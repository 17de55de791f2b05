//! Making the table, or putting right what it lacks. Safe to run at any time and any number of times.
//!
//! **Refuses:** to touch a table of that name that is not ours by its keys.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, IndexStatus, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use driftless_domain::CallError;

use super::DynamoStore;
use super::keys::{CHANGED_AT, EXPIRES_AT, INDEX, LANE, PK, SK};
use crate::counting::Kind;

/// How often the table is looked at until it is ACTIVE.
const LOOK: Duration = Duration::from_millis(500);
/// How often at most: 600 looks, five minutes. A new table takes seconds, a new index on a full one minutes.
const LOOKS: u32 = 600;

/// Whether the table can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionProtection {
    /// It cannot, until somebody turns this off. For everything that is not a test.
    On,
    /// It can.
    Off,
}

/// One thing that the table needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootstrapItem {
    /// The table itself: pay per request, keys `pk` and `sk`.
    Table,
    /// The index of what changed.
    Index,
    /// The stream of changed keys.
    Stream,
    /// Old history and heartbeats disappear by themselves.
    TimeToLive,
    /// The table can be put back to any second of the last 35 days.
    PointInTimeRecovery,
    /// The table cannot be deleted by mistake.
    DeletionProtection,
}

/// What was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootstrapOutcome {
    /// It was missing, and is there now.
    Made,
    /// It was there.
    AlreadyThere,
    /// This endpoint (an emulator) does not have it.
    NotOffered,
}

/// One step, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootstrapStep {
    /// What.
    pub item: BootstrapItem,
    /// What was done.
    pub outcome: BootstrapOutcome,
}

impl fmt::Display for BootstrapStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, outcome } = self;
        let item = match item {
            BootstrapItem::Table => "table",
            BootstrapItem::Index => "index of changes",
            BootstrapItem::Stream => "stream",
            BootstrapItem::TimeToLive => "time to live",
            BootstrapItem::PointInTimeRecovery => "point-in-time recovery",
            BootstrapItem::DeletionProtection => "deletion protection",
        };
        let outcome = match outcome {
            BootstrapOutcome::Made => "made",
            BootstrapOutcome::AlreadyThere => "already there",
            BootstrapOutcome::NotOffered => "not offered by this endpoint",
        };
        write!(f, "{item}: {outcome}")
    }
}

/// Why the table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// A table of that name is there, and it is not ours.
    #[error("table {table} is there and is not a table of Driftless: {problem}")]
    NotOurs {
        /// Its name.
        table: String,
        /// What differs.
        problem: String,
    },
    /// It is not ACTIVE yet. Running this again goes on from there.
    #[error("table {table} is not active after {} s", (LOOK * LOOKS).as_secs())]
    NotReady {
        /// Its name.
        table: String,
    },
    /// A call failed.
    #[error("the table could not be set up")]
    Call(#[from] CallError),
}

impl DynamoStore {
    /// Makes the table with everything that it needs, or adds what is missing.
    ///
    /// # Errors
    /// [`BootstrapError`]; every step that was done before it stays, and running this again goes on from there.
    pub async fn bootstrap(&self, protection: DeletionProtection) -> Result<Vec<BootstrapStep>, BootstrapError> {
        let mut steps = Vec::new();
        let mut done = |item, outcome| steps.push(BootstrapStep { item, outcome });

        done(BootstrapItem::Table, self.make_table().await?);
        let table = self.wait_until_active().await?;
        self.check_keys(&table)?;
        done(BootstrapItem::Index, self.make_index(&table).await?);
        done(BootstrapItem::Stream, self.make_stream(&table).await?);
        done(BootstrapItem::TimeToLive, self.make_time_to_live().await?);
        done(BootstrapItem::PointInTimeRecovery, self.make_recovery().await?);
        if protection == DeletionProtection::On {
            done(BootstrapItem::DeletionProtection, self.make_protection().await?);
        }
        Ok(steps)
    }

    async fn make_table(&self) -> Result<BootstrapOutcome, BootstrapError> {
        if self.describe().await?.is_some() {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:CreateTable";
        let build = |error| BootstrapError::Call(self.not_sent(OPERATION, &error));
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .set_key_schema(Some(key_schema(LANE, CHANGED_AT).map_err(build)?))
            .projection(keys_only())
            .build()
            .map_err(build)?;
        self.calls.sent(OPERATION, Kind::Change);
        let request = self
            .writes
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(key_schema(PK, SK).map_err(build)?))
            .set_attribute_definitions(Some(definitions(&[PK, SK, LANE, CHANGED_AT]).map_err(build)?))
            .global_secondary_indexes(index)
            .stream_specification(stream().map_err(build)?);
        match request.send().await {
            Ok(_) => Ok(BootstrapOutcome::Made),
            // Somebody else was faster.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(BootstrapOutcome::AlreadyThere),
            Err(error) => Err(self.failed(OPERATION, Kind::Change, &error).into()),
        }
    }

    fn check_keys(&self, table: &TableDescription) -> Result<(), BootstrapError> {
        let not_ours = |problem: String| BootstrapError::NotOurs { table: self.table.clone(), problem };
        if !has_keys(table.key_schema(), PK, SK) {
            return Err(not_ours(format!("its keys are not {PK} and {SK}")));
        }
        let index = table.global_secondary_indexes().iter().find(|index| index.index_name() == Some(INDEX));
        match index {
            Some(index) if !has_keys(index.key_schema(), LANE, CHANGED_AT) => {
                Err(not_ours(format!("the keys of its index {INDEX} are not {LANE} and {CHANGED_AT}")))
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn make_index(&self, table: &TableDescription) -> Result<BootstrapOutcome, BootstrapError> {
        if table.global_secondary_indexes().iter().any(|index| index.index_name() == Some(INDEX)) {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:UpdateTable";
        let build = |error| BootstrapError::Call(self.not_sent(OPERATION, &error));
        let create = CreateGlobalSecondaryIndexAction::builder()
            .index_name(INDEX)
            .set_key_schema(Some(key_schema(LANE, CHANGED_AT).map_err(build)?))
            .projection(keys_only())
            .build()
            .map_err(build)?;
        self.calls.sent(OPERATION, Kind::Change);
        self.writes
            .update_table()
            .table_name(&self.table)
            .set_attribute_definitions(Some(definitions(&[PK, SK, LANE, CHANGED_AT]).map_err(build)?))
            .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(create).build())
            .send()
            .await
            .map_err(|error| self.failed(OPERATION, Kind::Change, &error))?;
        self.wait_until_active().await?;
        Ok(BootstrapOutcome::Made)
    }

    async fn make_stream(&self, table: &TableDescription) -> Result<BootstrapOutcome, BootstrapError> {
        if table.stream_specification().is_some_and(StreamSpecification::stream_enabled) {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:UpdateTable";
        let specification = stream().map_err(|error| self.not_sent(OPERATION, &error))?;
        self.calls.sent(OPERATION, Kind::Change);
        let request = self.writes.update_table().table_name(&self.table).stream_specification(specification);
        let outcome = self.offered(OPERATION, request.send().await)?;
        self.wait_until_active().await?;
        Ok(outcome)
    }

    async fn make_time_to_live(&self) -> Result<BootstrapOutcome, BootstrapError> {
        const LOOK_AT: &str = "dynamodb:DescribeTimeToLive";
        self.calls.sent(LOOK_AT, Kind::Read);
        let now = self.reads.describe_time_to_live().table_name(&self.table).send().await;
        let now = now.map_err(|error| self.failed(LOOK_AT, Kind::Read, &error))?;
        let status = now.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:UpdateTimeToLive";
        let specification = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
        let specification = specification.map_err(|error| self.not_sent(OPERATION, &error))?;
        self.calls.sent(OPERATION, Kind::Change);
        let request = self.writes.update_time_to_live().table_name(&self.table);
        Ok(self.offered(OPERATION, request.time_to_live_specification(specification).send().await)?)
    }

    async fn make_recovery(&self) -> Result<BootstrapOutcome, BootstrapError> {
        const LOOK_AT: &str = "dynamodb:DescribeContinuousBackups";
        self.calls.sent(LOOK_AT, Kind::Read);
        let now = match self.reads.describe_continuous_backups().table_name(&self.table).send().await {
            Ok(now) => now,
            Err(error) if is_unknown_operation(&error) => return Ok(BootstrapOutcome::NotOffered),
            Err(error) => return Err(self.failed(LOOK_AT, Kind::Read, &error).into()),
        };
        let status = now
            .continuous_backups_description()
            .and_then(|backups| backups.point_in_time_recovery_description())
            .and_then(|recovery| recovery.point_in_time_recovery_status());
        if status == Some(&PointInTimeRecoveryStatus::Enabled) {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:UpdateContinuousBackups";
        let specification = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build();
        let specification = specification.map_err(|error| self.not_sent(OPERATION, &error))?;
        self.calls.sent(OPERATION, Kind::Change);
        let request = self.writes.update_continuous_backups().table_name(&self.table);
        Ok(self.offered(OPERATION, request.point_in_time_recovery_specification(specification).send().await)?)
    }

    async fn make_protection(&self) -> Result<BootstrapOutcome, BootstrapError> {
        let table = self.describe().await?;
        if table.is_some_and(|table| table.deletion_protection_enabled() == Some(true)) {
            return Ok(BootstrapOutcome::AlreadyThere);
        }
        const OPERATION: &str = "dynamodb:UpdateTable";
        self.calls.sent(OPERATION, Kind::Change);
        let request = self.writes.update_table().table_name(&self.table).deletion_protection_enabled(true);
        let outcome = self.offered(OPERATION, request.send().await)?;
        self.wait_until_active().await?;
        Ok(outcome)
    }

    async fn describe(&self) -> Result<Option<TableDescription>, CallError> {
        const OPERATION: &str = "dynamodb:DescribeTable";
        self.calls.sent(OPERATION, Kind::Read);
        match self.reads.describe_table().table_name(&self.table).send().await {
            Ok(answer) => Ok(answer.table),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(self.failed(OPERATION, Kind::Read, &error)),
        }
    }

    async fn wait_until_active(&self) -> Result<TableDescription, BootstrapError> {
        for _ in 0..LOOKS {
            if let Some(table) = self.describe().await?
                && is_active(&table)
            {
                return Ok(table);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(BootstrapError::NotReady { table: self.table.clone() })
    }

    fn offered<T, E>(
        &self,
        operation: &'static str,
        answer: Result<T, SdkError<E>>,
    ) -> Result<BootstrapOutcome, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(_) => Ok(BootstrapOutcome::Made),
            Err(error) if is_unknown_operation(&error) => Ok(BootstrapOutcome::NotOffered),
            Err(error) => Err(self.failed(operation, Kind::Change, &error)),
        }
    }
}

fn is_unknown_operation<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(error.code(), Some("UnknownOperationException" | "UnknownOperation" | "InvalidAction"))
}

fn is_active(table: &TableDescription) -> bool {
    table.table_status() == Some(&TableStatus::Active)
        && table.global_secondary_indexes().iter().all(|index| index.index_status() == Some(&IndexStatus::Active))
}

fn has_keys(schema: &[KeySchemaElement], hash: &str, range: &str) -> bool {
    let named = |kind: &KeyType| schema.iter().find(|key| key.key_type() == kind).map(KeySchemaElement::attribute_name);
    named(&KeyType::Hash) == Some(hash) && named(&KeyType::Range) == Some(range)
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
}

fn definitions(names: &[&str]) -> Result<Vec<AttributeDefinition>, BuildError> {
    let string = ScalarAttributeType::S;
    let one = |name: &&str| AttributeDefinition::builder().attribute_name(*name).attribute_type(string.clone()).build();
    names.iter().map(one).collect()
}

/// The index says where to look; what is there is then read from the table, consistently.
fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}

fn stream() -> Result<StreamSpecification, BuildError> {
    StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::KeysOnly).build()
}
