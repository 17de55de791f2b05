//! Objects in one piece.

use anyhow::{Result, ensure};

use driftless_domain::{CallClass, ContentEncoding};

use crate::runner::{Case, cases};
use crate::setup::{Stand, md5, page, refused, same, script, shop};

pub(crate) const CASES: &[Case] = cases![
    what_was_put_is_found_as_it_was_put,
    a_put_answers_with_the_checksum,
    an_empty_object_is_an_object,
    what_is_put_over_an_object_replaces_all_of_it,
    bytes_that_do_not_fit_their_hash_are_refused,
    what_was_refused_is_not_there,
    what_is_not_there_is_none,
    a_put_where_no_bucket_is_says_so,
];

async fn what_was_put_is_found_as_it_was_put(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("put").await?;
    let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let files = [
        ("index.html", page(), b"<h1>\xc3\xa4</h1>".to_vec()),
        ("assets/app-1a2b3c4d.js", script(None), long),
        ("assets/app-1a2b3c4d.js.gz", script(Some(ContentEncoding::Gzip)), b"\x1f\x8b not really".to_vec()),
        ("assets/app-1a2b3c4d.js.br", script(Some(ContentEncoding::Br)), vec![0]),
    ];
    for (name, headers, body) in &files {
        let put = here.put_with(name, headers, body.clone()).await?;
        same("the ETag that PUT answers", &put.etag, &md5(body))?;
        here.must_be(name, headers, body).await?;
    }
    let listed = here.listed().await?;
    same("how many are listed", &listed.objects.len(), &files.len())?;
    for (key, object) in &listed.objects {
        let (_, _, body) = files.iter().find(|(name, _, _)| *name == key.as_str()).unwrap();
        same(key.as_str(), &(object.size, &object.etag), &(body.len() as u64, &md5(body)))?;
    }
    Ok(())
}

async fn a_put_answers_with_the_checksum(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("echo").await?;
    let put = here.put("index.html", "a").await?;
    same("the checksum", &put.checksum.as_deref(), &Some("ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="))
}

async fn an_empty_object_is_an_object(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("empty").await?;
    same("an empty list", &here.listed().await?.objects.len(), &0)?;
    let put = here.put("empty.html", "").await?;
    same("the ETag", &put.etag.as_str(), &"d41d8cd98f00b204e9800998ecf8427e")?;
    here.must_be("empty.html", &page(), b"").await?;
    same("the list", &here.listed().await?.objects.len(), &1)
}

async fn what_is_put_over_an_object_replaces_all_of_it(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("over").await?;
    here.put_with("a", &script(Some(ContentEncoding::Gzip)), "one").await?;
    here.put_with("a", &page(), "another").await?;
    here.must_be("a", &page(), b"another").await?;
    // The same again is the same.
    here.put_with("a", &page(), "another").await?;
    here.must_be("a", &page(), b"another").await
}

async fn bytes_that_do_not_fit_their_hash_are_refused(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("damaged").await?;
    refused("a damaged put", &here.put_damaged("a", b"one").await, CallClass::Transient, "BadDigest")
}

async fn what_was_refused_is_not_there(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("refused").await?;
    here.put("old", "as it was").await?;
    for name in ["old", "new"] {
        ensure!(here.put_damaged(name, b"damaged on the way").await.is_err(), "{name} was not refused");
    }
    same("what was refused", &here.head("new").await?, &None)?;
    here.must_be("old", &page(), b"as it was").await
}

async fn what_is_not_there_is_none(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("nothing").await?;
    same("an object", &here.head("index.html").await?, &None)?;
    let nowhere = stand.at(&shop(), "no-such-bucket")?;
    same("a bucket", &nowhere.list(None).await?, &None)?;
    same("an object in it", &nowhere.head("index.html").await?, &None)
}

async fn a_put_where_no_bucket_is_says_so(stand: &Stand<'_>) -> Result<()> {
    let nowhere = stand.at(&shop(), "no-bucket-to-put")?;
    let no_bucket = (CallClass::Invalid, "NoSuchBucket");
    refused("a put", &nowhere.put_with("a", &page(), "a").await, no_bucket.0, no_bucket.1)?;
    refused("an upload in parts", &nowhere.begin("a", &page()).await, no_bucket.0, no_bucket.1)
}
