//! Invalidations.

use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

use driftless_domain::{CallClass, CallError, DistributionId, InvalidationPath, InvalidationState, Place};

use crate::live::{Aws, unreadable};
use crate::operation::{CREATE_INVALIDATION, GET_INVALIDATION};

impl Aws {
    pub(crate) async fn create_invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        reference: &str,
        paths: &[InvalidationPath],
    ) -> Result<String, CallError> {
        let operation = &CREATE_INVALIDATION;
        let object = format_args!("{} paths of distribution {distribution}", paths.len()).to_string();
        let not_sent = |problem: &dyn std::error::Error| {
            CallError::new(operation.name, object.clone(), CallClass::Invalid, "NotSent", &problem.to_string())
        };
        let paths = Paths::builder()
            .quantity(i32::try_from(paths.len()).unwrap_or(i32::MAX))
            .set_items(Some(paths.iter().map(|path| path.as_str().to_owned()).collect()))
            .build()
            .map_err(|error| not_sent(&error))?;
        let batch = InvalidationBatch::builder().paths(paths).caller_reference(reference).build();
        let batch = batch.map_err(|error| not_sent(&error))?;
        let answer = self
            .send(place, operation, &object, |c| {
                let request = c.site().cloudfront_changes.create_invalidation();
                request.distribution_id(distribution.as_str()).invalidation_batch(batch).send()
            })
            .await?;
        answer.invalidation.map(|invalidation| invalidation.id).filter(|id| !id.is_empty()).ok_or_else(|| {
            unreadable(place, operation, &object, CallClass::Ambiguous, "the answer names no invalidation")
        })
    }

    pub(crate) async fn get_invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        id: &str,
    ) -> Result<Option<InvalidationState>, CallError> {
        let operation = &GET_INVALIDATION;
        let object = format!("invalidation {id} of distribution {distribution}");
        let answer = self
            .send(place, operation, &object, |c| {
                let request = c.site().cloudfront_reads.get_invalidation();
                request.distribution_id(distribution.as_str()).id(id).send()
            })
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.said.code == "NoSuchInvalidation" => return Ok(None),
            Err(error) => return Err(error),
        };
        let status = answer.invalidation.map(|invalidation| invalidation.status).unwrap_or_default();
        match status.as_str() {
            "InProgress" => Ok(Some(InvalidationState::InProgress)),
            "Completed" => Ok(Some(InvalidationState::Completed)),
            other => {
                let problem = format!("its status is {other:?}, which is neither InProgress nor Completed");
                Err(unreadable(place, operation, &object, CallClass::Transient, &problem))
            }
        }
    }
}
