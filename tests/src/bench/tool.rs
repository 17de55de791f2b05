//! A tool that deploys a site, and what it is asked to do.

use std::path::Path;

use anyhow::Result;

use super::build::Build;
use super::measure::Run;
use crate::s3::Server;

/// The account and region that everything is in.
pub(crate) const ACCOUNT: &str = "111111111111";
pub(crate) const REGION: &str = "eu-west-1";

/// What is measured, in this order into the same bucket, and the large one into its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scenario {
    FirstSync,
    NoChange,
    Changed,
    OlderArtifact,
    Large,
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::FirstSync => "first sync",
            Self::NoChange => "no change",
            Self::Changed => "1 % changed",
            Self::OlderArtifact => "older artifact",
            Self::Large => "large",
        })
    }
}

/// One deployment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) server: &'a Server,
    pub(crate) scenario: Scenario,
    pub(crate) build: &'a Build,
    /// The website bucket. Its name is also a good name for an app: no other round has it.
    pub(crate) bucket: &'a str,
    /// A folder for whatever the tool leaves behind; empty when a bucket is new.
    pub(crate) home: &'a Path,
}

/// A tool.
#[async_trait::async_trait]
pub(crate) trait Tool: Send + Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// What has to be so before the clock starts. Gives seconds of work that a person would want to know of all the same.
    ///
    /// # Errors
    /// When it cannot be brought about.
    async fn prepare(&self, _job: &Job<'_>) -> Result<Option<f64>> {
        Ok(None)
    }

    /// What is measured.
    ///
    /// # Errors
    /// When a path is not text.
    fn run(&self, job: &Job<'_>) -> Result<Run>;
}
