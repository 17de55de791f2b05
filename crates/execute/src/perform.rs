//! The steps of a plan, one after the other.

use driftless_domain::{CallError, Place, Target};
use driftless_plan::Action;

use crate::port::{Effect, Journal, LiveChanges, Refused};
use crate::site;

/// Why the steps of a plan stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {step} of the plan for {target}: {action}")]
pub struct StepError {
    /// Which step, from 1.
    pub step: usize,
    /// The target.
    pub target: Target,
    /// What was to be done.
    pub action: Box<Action>,
    /// What was in the way.
    #[source]
    pub source: StepFailure,
}

/// What was in the way of a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepFailure {
    /// AWS refused it, or the outcome is not known.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It was not sent.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Does the steps in order and stops at the first that fails.
///
/// # Errors
/// [`StepError`] for the step that failed; the steps before it are done, those after it were not sent.
pub async fn execute(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    target: &Target,
    place: &Place,
    actions: &[Action],
) -> Result<Vec<Effect>, StepError> {
    let mut effects = Vec::with_capacity(actions.len());
    for (index, action) in actions.iter().enumerate() {
        let failed = |source: StepFailure| StepError {
            step: index + 1,
            target: target.clone(),
            action: Box::new(action.clone()),
            source,
        };
        effects.push(perform(live, journal, place, action).await.map_err(failed)?);
        tracing::info!(%target, step = index + 1, action = %action, "step done");
    }
    Ok(effects)
}

async fn perform(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    place: &Place,
    action: &Action,
) -> Result<Effect, StepFailure> {
    if let Action::Reject { .. } = action {
        journal.reject(action).await?;
        return Ok(Effect::Rejected);
    }
    journal.allow(action).await?;
    let done = send(live, journal, place, action).await;
    match &done {
        Ok(effect) => journal.answered(action, &Ok(effect.clone())).await,
        Err(StepFailure::Call(error)) => journal.answered(action, &Err(error.clone())).await,
        // Stopped between two calls of one step: every call that was made has had its answer.
        Err(StepFailure::Refused(_)) => {}
    }
    done
}

async fn send(
    live: &dyn LiveChanges,
    journal: &dyn Journal,
    place: &Place,
    action: &Action,
) -> Result<Effect, StepFailure> {
    let effect = match action {
        Action::WriteParameter { service: _, name, from: _, to } => {
            live.put_parameter(place, name, to).await.map(|()| Effect::ParameterWritten)?
        }
        Action::RegisterTaskDefinition { service: _, base: _, image: _, document, tags } => {
            live.register_task_definition(place, document, tags).await.map(Effect::Registered)?
        }
        Action::UpdateService { service: _, cluster, ecs_service, from: _, to } => {
            live.update_service(place, cluster, ecs_service, to).await.map(|()| Effect::ServiceUpdated)?
        }
        Action::UploadFiles { bucket, class: _, build, files, stale: _ } => {
            site::upload(live, journal, (place, bucket), build, files).await?
        }
        Action::ReplaceHeaders { bucket, files, stale: _ } => {
            site::replace_headers(live, journal, (place, bucket), files).await?
        }
        Action::Invalidate { distribution, reference, paths } => {
            live.invalidate(place, distribution, reference, paths).await.map(Effect::Invalidated)?
        }
        Action::DeleteFiles { bucket, files } => site::delete(live, journal, (place, bucket), files).await?,
        Action::Reject { .. } => Effect::Rejected,
    };
    Ok(effect)
}
