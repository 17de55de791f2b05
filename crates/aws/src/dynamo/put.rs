//! One conditional write of one item. When the answer is lost, the same write is sent again: it cannot do harm twice, and
//! what the condition finds then tells whether the first one arrived.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use driftless_domain::CallError;

use super::DynamoStore;
use super::attributes::{Item, fixed};
use super::keys::CHANGED_AT;
use super::tries::Tries;
use crate::counting::Kind;

/// How often one write is sent before its outcome is given up on. The second already decides it, unless it is lost too.
const MOST_TRIES: u32 = 3;

/// A condition on the item that is there now.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// There is none.
    Absent,
    /// A number of it is this one.
    NumberIs(&'static str, u64),
    /// There is none, or it belongs to this app.
    FreeOrOfApp(String),
    /// There is none, or it is not newer than this one.
    NotNewer(String),
}

/// An expression with what it refers to.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) text: &'static str,
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    /// The condition of a record whose versions count from 1: the version before this one is there.
    pub(super) fn version_before(name: &'static str, version: u64) -> Option<Self> {
        match version.checked_sub(1)? {
            0 => Some(Self::Absent),
            before => Some(Self::NumberIs(name, before)),
        }
    }

    /// Not older than what is there, by the index's time.
    pub(super) fn not_newer(at: jiff::Timestamp) -> Self {
        Self::NotNewer(fixed(at))
    }

    pub(super) fn expression(&self) -> Expression {
        const PK: (&str, &str) = ("#pk", super::keys::PK);
        match self {
            Self::Absent => Expression { text: "attribute_not_exists(#pk)", names: vec![PK], values: Vec::new() },
            Self::NumberIs(name, number) => Expression {
                text: "#number = :number",
                names: vec![("#number", name)],
                values: vec![(":number", AttributeValue::N(number.to_string()))],
            },
            Self::FreeOrOfApp(app) => Expression {
                text: "attribute_not_exists(#pk) OR #app = :app",
                names: vec![PK, ("#app", "app")],
                values: vec![(":app", AttributeValue::S(app.clone()))],
            },
            Self::NotNewer(at) => Expression {
                text: "attribute_not_exists(#pk) OR #at <= :at",
                names: vec![PK, ("#at", CHANGED_AT)],
                values: vec![(":at", AttributeValue::S(at.clone()))],
            },
        }
    }
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Put {
    /// It is there.
    Written,
    /// The condition did not hold; this is what is there instead.
    Refused(Option<Item>),
}

impl DynamoStore {
    /// Writes one item under a condition.
    pub(super) async fn put(&self, item: &Item, condition: &Condition) -> Result<Put, CallError> {
        const OPERATION: &str = "dynamodb:PutItem";
        let Expression { text, names, values } = condition.expression();
        let own = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut tries = Tries::at_most(MOST_TRIES);
        loop {
            self.calls.sent(OPERATION, Kind::Change);
            let values = (!values.is_empty())
                .then(|| values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
            let answer = self
                .writes
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.clone()))
                .condition_expression(text)
                .set_expression_attribute_names(Some(own(&names)))
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let error = match answer {
                Ok(_) => return Ok(Put::Written),
                Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                    let refused = refused.into_err();
                    let old = if let PutItemError::ConditionalCheckFailedException(found) = refused {
                        found.item
                    } else {
                        None
                    };
                    let arrived = self.arrived(&tries, item, old.as_ref()).await?;
                    return Ok(if arrived { Put::Written } else { Put::Refused(old) });
                }
                Err(error) => self.failed(OPERATION, Kind::Change, &error),
            };
            tries.after(error).await?;
        }
    }
}
