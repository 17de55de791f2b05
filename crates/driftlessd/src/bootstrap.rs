//! `driftlessd bootstrap`: makes the table, or what it lacks, and says what it did.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use driftless_aws::{Accounts, CallCounter, DeletionProtection, DynamoStore, Endpoint};
use driftless_domain::Region;

use crate::args::{Aws, Bootstrap};
use crate::say;

/// The way into AWS, or to an emulator.
pub(crate) async fn accounts(aws: &Aws, identity: &str) -> Accounts {
    match &aws.endpoint {
        Some(url) => Accounts::at(Endpoint { url: url.clone() }, Some(identity.to_owned())),
        None => Accounts::connect(Some(identity.to_owned())).await,
    }
}

/// The table's region.
pub(crate) fn region(aws: &Aws) -> Result<Region> {
    aws.region.clone().context("which region is the table in? Give --region or set AWS_REGION")
}

pub(crate) async fn bootstrap(aws: &Aws, bootstrap: Bootstrap) -> Result<ExitCode> {
    let accounts = accounts(aws, "driftlessd-bootstrap").await;
    let store = DynamoStore::connect(&accounts, &region(aws)?, &aws.table, CallCounter::default());
    let protection = if bootstrap.no_deletion_protection { DeletionProtection::Off } else { DeletionProtection::On };
    let steps = store.bootstrap(protection).await.with_context(|| format!("bootstrap the table {}", aws.table))?;
    for step in steps {
        say::line(step);
    }
    Ok(ExitCode::SUCCESS)
}
