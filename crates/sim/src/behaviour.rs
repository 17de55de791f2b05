//! How images behave when ECS starts them. Refuses to look into an image: its name decides.

use std::time::Duration;

use serde_json::{Map, Value};

/// What becomes of a task with this image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageBehaviour {
    /// It is healthy after a while.
    Healthy {
        /// How long after its start.
        after: Duration,
    },
    /// Its essential container exits after a while.
    Crashes {
        /// How long after its start.
        after: Duration,
        /// With which code.
        exit_code: i32,
        /// The container's own reason; empty when it gives none.
        reason: String,
    },
    /// The registry does not have it.
    CannotPull,
    /// It starts and never becomes healthy: the deployment stays IN_PROGRESS for ever.
    NeverReady,
    /// Each task crashes with this probability and is healthy otherwise, after [`FLAKY_TIME`].
    Flaky {
        /// Of a hundred.
        percent: u8,
    },
}

/// How long a healthy task takes when nobody said otherwise.
const HEALTHY_TIME: Duration = Duration::from_secs(20);
/// How long ECS tries to pull an image: five times, seconds apart.
const PULL_TIME: Duration = Duration::from_secs(10);
/// How long a task of a flaky image takes either way.
pub(crate) const FLAKY_TIME: Duration = Duration::from_secs(20);

impl ImageBehaviour {
    /// How long it takes to see what becomes of a task; never, for some.
    pub(crate) fn takes(&self) -> Option<Duration> {
        match self {
            Self::Healthy { after } | Self::Crashes { after, .. } => Some(*after),
            Self::CannotPull => Some(PULL_TIME),
            Self::NeverReady => None,
            Self::Flaky { .. } => Some(FLAKY_TIME),
        }
    }
}

/// The rules, by substring of the image.
#[derive(Debug, Default)]
pub(crate) struct Images(Vec<(String, ImageBehaviour)>);

/// What becomes of the tasks of a revision, and the image that decides it.
#[derive(Debug, Clone)]
pub(crate) struct TaskFate {
    pub(crate) behaviour: ImageBehaviour,
    pub(crate) image: String,
}

impl Images {
    pub(crate) fn set(&mut self, substring: &str, behaviour: ImageBehaviour) {
        self.0.retain(|(known, _)| known != substring);
        self.0.push((substring.to_owned(), behaviour));
    }

    /// The rule that was set last wins.
    fn behaviour(&self, image: &str) -> ImageBehaviour {
        let rule = self.0.iter().rev().find(|(substring, _)| image.contains(substring.as_str()));
        rule.map_or(ImageBehaviour::Healthy { after: HEALTHY_TIME }, |(_, behaviour)| behaviour.clone())
    }

    /// A task is as bad as its worst container, and as slow as its slowest.
    pub(crate) fn fate(&self, document: &Map<String, Value>) -> TaskFate {
        let mut fate = TaskFate { behaviour: ImageBehaviour::Healthy { after: Duration::ZERO }, image: String::new() };
        for (_, image) in containers(document) {
            let behaviour = self.behaviour(image);
            match (&behaviour, &fate.behaviour) {
                (ImageBehaviour::Healthy { after }, ImageBehaviour::Healthy { after: slowest }) if after < slowest => {}
                (_, ImageBehaviour::Healthy { .. }) => fate = TaskFate { behaviour, image: image.to_owned() },
                (
                    _,
                    ImageBehaviour::Crashes { .. }
                    | ImageBehaviour::CannotPull
                    | ImageBehaviour::NeverReady
                    | ImageBehaviour::Flaky { .. },
                ) => {}
            }
        }
        fate
    }
}

/// The containers of a document with their images.
pub(crate) fn containers(document: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    document.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten().filter_map(|container| {
        Some((container.get("name").and_then(Value::as_str)?, container.get("image").and_then(Value::as_str)?))
    })
}
