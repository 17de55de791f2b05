//! Buckets that belong to somebody else, or are somewhere else (S14).

use anyhow::Result;

use driftless_domain::{CallClass, CallError};

use crate::runner::{Case, cases};
use crate::setup::{Here, Stand, elsewhere, md5, other, page, refused, same, script, shop};

pub(crate) const CASES: &[Case] = cases![
    a_bucket_of_another_account_is_neither_read_nor_changed_s14,
    a_bucket_that_lets_us_in_is_not_ours_for_that_s14,
    a_bucket_of_another_region_is_said_to_be_one,
];

/// Every call on a bucket, as `place` names it; what each answered.
async fn every_call(here: &Here<'_>, upload: &str) -> Vec<(&'static str, Result<(), CallError>)> {
    let etag = md5(b"theirs");
    let part = driftless_execute::StoredPart { number: 1, etag: md5(b"x"), sha256: driftless_domain::Sha256::of(b"x") };
    vec![
        ("list", here.list(None).await.map(drop)),
        ("head", here.head("a").await.map(drop)),
        ("put", here.put_with("a", &script(None), "ours").await.map(drop)),
        ("copy", here.replace_headers("a", &script(None), &etag).await),
        ("delete", here.delete("a", &etag).await),
        ("begin", here.begin("b", &page()).await.map(drop)),
        ("part", here.part("b", upload, 1, "x").await.map(drop)),
        ("finish", here.finish("b", upload, &[part]).await.map(drop)),
        ("abandon", here.abandon("b", upload).await),
    ]
}

async fn a_bucket_of_another_account_is_neither_read_nor_changed_s14(stand: &Stand<'_>) -> Result<()> {
    let theirs = stand.bucket_of(&other(), "theirs").await?;
    theirs.put("a", "theirs").await?;
    let upload = theirs.begin("b", &page()).await?;
    for (call, answer) in every_call(&theirs.from(&shop()), &upload).await {
        refused(call, &answer, CallClass::Denied, "AccessDenied")?;
    }
    theirs.must_be("a", &page(), b"theirs").await?;
    same("what was begun", &theirs.head("b").await?, &None)?;
    // Their upload is under way as before.
    let part = theirs.part("b", &upload, 1, "x").await?;
    theirs.finish("b", &upload, &[part]).await?;
    Ok(())
}

async fn a_bucket_that_lets_us_in_is_not_ours_for_that_s14(stand: &Stand<'_>) -> Result<()> {
    let theirs = stand.bucket_of(&other(), "open").await?;
    theirs.put("a", "theirs").await?;
    stand.hands.let_in(&theirs.place, &theirs.bucket, &shop().account).await?;
    for (call, answer) in every_call(&theirs.from(&shop()), "no-upload").await {
        refused(call, &answer, CallClass::Denied, "AccessDenied")?;
    }
    theirs.must_be("a", &page(), b"theirs").await
}

async fn a_bucket_of_another_region_is_said_to_be_one(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("region").await?;
    here.put("a", "theirs").await?;
    for (call, answer) in every_call(&here.from(&elsewhere()), "no-upload").await {
        refused(call, &answer, CallClass::Invalid, "PermanentRedirect")?;
    }
    here.must_be("a", &page(), b"theirs").await
}
