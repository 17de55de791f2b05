//! Invalidations.

use anyhow::{Result, ensure};

use driftless_domain::{CallClass, CallError, DistributionId, InvalidationPath, InvalidationState};

use crate::runner::{Case, cases};
use crate::setup::{Stand, refused, same, shop};

pub(crate) const CASES: &[Case] = cases![
    the_same_reference_is_the_same_invalidation,
    a_reference_that_was_used_for_other_paths_is_a_conflict,
    a_distribution_that_is_not_there_is_invalid,
    an_invalidation_that_nobody_made_is_none,
    an_invalidation_comes_to_its_end,
    an_invalidation_takes_its_time,
    a_distribution_has_so_many_wildcards_under_way,
    an_invalidation_has_so_many_paths,
];

fn paths(texts: &[&str]) -> Vec<InvalidationPath> {
    texts.iter().map(|text| InvalidationPath::parse(*text).unwrap()).collect()
}

impl Stand<'_> {
    async fn invalidate(&self, on: &DistributionId, reference: &str, named: &[&str]) -> Result<String, CallError> {
        self.changes.invalidate(&shop(), on, reference, &paths(named)).await
    }

    async fn state_of(&self, on: &DistributionId, id: &str) -> Result<Option<InvalidationState>, CallError> {
        self.state.invalidation(&shop(), on, id).await
    }
}

fn nowhere() -> DistributionId {
    DistributionId::parse("E0NOSUCHONE00").unwrap()
}

async fn the_same_reference_is_the_same_invalidation(stand: &Stand<'_>) -> Result<()> {
    let (one, two) = (stand.hands.create_distribution(&shop()).await?, stand.hands.create_distribution(&shop()).await?);
    let named = ["/index.html", "/docs/*", "/%C3%A4%20b.html"];
    let first = stand.invalidate(&one, "shop-1", &named).await?;
    same("again", &stand.invalidate(&one, "shop-1", &named).await?, &first)?;
    let turned = ["/docs/*", "/%C3%A4%20b.html", "/index.html"];
    same("in another order", &stand.invalidate(&one, "shop-1", &turned).await?, &first)?;
    let next = stand.invalidate(&one, "shop-2", &named).await?;
    ensure!(next != first, "another reference is another invalidation");
    // A reference belongs to its distribution.
    stand.invalidate(&two, "shop-1", &["/*"]).await?;
    Ok(())
}

async fn a_reference_that_was_used_for_other_paths_is_a_conflict(stand: &Stand<'_>) -> Result<()> {
    let on = stand.hands.create_distribution(&shop()).await?;
    stand.invalidate(&on, "shop-1", &["/index.html", "/a.html"]).await?;
    for other in [&["/index.html"][..], &["/index.html", "/b.html"], &["/index.html", "/a.html", "/b.html"]] {
        let answer = stand.invalidate(&on, "shop-1", other).await;
        refused(&other.join(" "), &answer, CallClass::Conflict, "InvalidationBatchAlreadyExists")?;
    }
    Ok(())
}

async fn a_distribution_that_is_not_there_is_invalid(stand: &Stand<'_>) -> Result<()> {
    let answer = stand.invalidate(&nowhere(), "shop-1", &["/*"]).await;
    refused("an invalidation", &answer, CallClass::Invalid, "NoSuchDistribution")?;
    let answer = stand.state_of(&nowhere(), "I0123456789ABCDEF").await;
    refused("its state", &answer, CallClass::Invalid, "NoSuchDistribution")
}

async fn an_invalidation_that_nobody_made_is_none(stand: &Stand<'_>) -> Result<()> {
    let (one, two) = (stand.hands.create_distribution(&shop()).await?, stand.hands.create_distribution(&shop()).await?);
    let id = stand.invalidate(&one, "shop-1", &["/*"]).await?;
    ensure!(stand.state_of(&one, &id).await?.is_some(), "it is not known");
    same("one that never was", &stand.state_of(&one, "I0123456789ABCDEF").await?, &None)?;
    same("that of another distribution", &stand.state_of(&two, &id).await?, &None)
}

async fn an_invalidation_comes_to_its_end(stand: &Stand<'_>) -> Result<()> {
    let on = stand.hands.create_distribution(&shop()).await?;
    let id = stand.invalidate(&on, "shop-1", &["/*"]).await?;
    for _ in 0..100 {
        match stand.state_of(&on, &id).await? {
            Some(InvalidationState::Completed) => return Ok(()),
            Some(InvalidationState::InProgress) => tokio::time::sleep(stand.hands.look_every()).await,
            None => anyhow::bail!("it was forgotten"),
        }
    }
    anyhow::bail!("it never ended")
}

async fn an_invalidation_takes_its_time(stand: &Stand<'_>) -> Result<()> {
    let on = stand.hands.create_distribution(&shop()).await?;
    let id = stand.invalidate(&on, "shop-1", &["/*"]).await?;
    same("at first", &stand.state_of(&on, &id).await?, &Some(InvalidationState::InProgress))
}

async fn a_distribution_has_so_many_wildcards_under_way(stand: &Stand<'_>) -> Result<()> {
    let on = stand.hands.create_distribution(&shop()).await?;
    let named: Vec<String> = (0..15).map(|number| format!("/{number}/*")).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    stand.invalidate(&on, "shop-1", &named).await?;
    let answer = stand.invalidate(&on, "shop-2", &["/one-more/*"]).await;
    refused("the sixteenth", &answer, CallClass::Throttled, "TooManyInvalidationsInProgress")
}

async fn an_invalidation_has_so_many_paths(stand: &Stand<'_>) -> Result<()> {
    let on = stand.hands.create_distribution(&shop()).await?;
    let named: Vec<String> = (0..3001).map(|number| format!("/{number}.html")).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let answer = stand.invalidate(&on, "shop-1", &named).await;
    refused("3,001 paths", &answer, CallClass::Invalid, "BatchTooLarge")?;
    let answer = stand.invalidate(&on, "shop-2", &[]).await;
    refused("no path", &answer, CallClass::Invalid, "InvalidArgument")
}
