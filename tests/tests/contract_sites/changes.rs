//! Headers that are replaced, and objects that are deleted, each only as it was seen.

use anyhow::{Result, ensure};

use driftless_domain::{CallClass, ContentEncoding, Sha256};

use crate::runner::{Case, cases};
use crate::setup::{Stand, md5, page, refused, same, script, shop};

pub(crate) const CASES: &[Case] = cases![
    headers_are_replaced_and_the_content_stays,
    an_encoding_that_goes_is_gone,
    headers_of_other_content_stay,
    headers_of_what_is_gone_are_a_conflict,
    a_copy_in_place_has_a_checksum,
    a_copy_of_an_object_in_parts_is_one_piece,
    what_was_seen_is_deleted,
    what_was_not_seen_is_not_deleted,
    what_is_gone_is_deleted,
    a_deletion_where_no_bucket_is_says_so,
];

async fn headers_are_replaced_and_the_content_stays(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("headers").await?;
    let etag = here.put("a.html", "content").await?.etag;
    here.put("b.html", "neighbour").await?;
    for headers in [script(None), script(Some(ContentEncoding::Br)), script(Some(ContentEncoding::Gzip))] {
        here.replace_headers("a.html", &headers, &etag).await?;
        here.must_be("a.html", &headers, b"content").await?;
        // The same again is the same.
        here.replace_headers("a.html", &headers, &etag).await?;
        here.must_be("a.html", &headers, b"content").await?;
    }
    let listed = here.listed().await?;
    let found: Vec<_> = listed.objects.iter().map(|(key, o)| (key.as_str(), o.size, o.etag.clone())).collect();
    same("the list", &found, &vec![("a.html", 7, md5(b"content")), ("b.html", 9, md5(b"neighbour"))])?;
    here.must_be("b.html", &page(), b"neighbour").await
}

async fn an_encoding_that_goes_is_gone(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("encoding").await?;
    let etag = here.put_with("a", &script(Some(ContentEncoding::Gzip)), "a").await?.etag;
    here.replace_headers("a", &page(), &etag).await?;
    here.must_be("a", &page(), b"a").await
}

async fn headers_of_other_content_stay(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("headers-other").await?;
    here.put("a", "theirs").await?;
    let answer = here.replace_headers("a", &script(None), &md5(b"ours")).await;
    refused("the copy", &answer, CallClass::Conflict, "PreconditionFailed")?;
    here.must_be("a", &page(), b"theirs").await
}

async fn headers_of_what_is_gone_are_a_conflict(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("headers-gone").await?;
    let answer = here.replace_headers("a", &page(), &md5(b"a")).await;
    refused("the copy", &answer, CallClass::Conflict, "NoSuchKey")?;
    same("the object", &here.head("a").await?, &None)
}

async fn a_copy_in_place_has_a_checksum(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("copy-checksum").await?;
    here.put_by_hand("a", "by hand").await?;
    let before = here.found("a").await?;
    same("before", &(before.checksum, &before.etag), &(None, &md5(b"by hand")))?;
    here.replace_headers("a", &page(), &before.etag).await?;
    here.must_be("a", &page(), b"by hand").await
}

async fn a_copy_of_an_object_in_parts_is_one_piece(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("copy-parts").await?;
    let upload = here.begin("a", &page()).await?;
    let part = here.part("a", &upload, 1, "in parts").await?;
    let whole = here.finish("a", &upload, &[part]).await?;
    ensure!(whole.etag.as_str().ends_with("-1"), "{whole:?}");
    here.replace_headers("a", &script(None), &whole.etag).await?;
    let head = here.found("a").await?;
    let expected = (md5(b"in parts"), Some(Sha256::of(b"in parts").to_base64()));
    same("the copy", &(head.etag, head.checksum), &expected)
}

async fn what_was_seen_is_deleted(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("delete").await?;
    let etag = here.put("a", "a").await?.etag;
    here.put("b", "b").await?;
    here.delete("a", &etag).await?;
    same("the object", &here.head("a").await?, &None)?;
    let left: Vec<String> = here.listed().await?.objects.into_keys().map(String::from).collect();
    same("what is left", &left, &vec!["b".to_owned()])
}

async fn what_was_not_seen_is_not_deleted(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("delete-other").await?;
    here.put("a", "theirs").await?;
    let answer = here.delete("a", &md5(b"ours")).await;
    refused("the deletion", &answer, CallClass::Conflict, "PreconditionFailed")?;
    here.must_be("a", &page(), b"theirs").await
}

async fn what_is_gone_is_deleted(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("delete-gone").await?;
    here.delete("never", &md5(b"a")).await?;
    let etag = here.put("a", "a").await?.etag;
    here.delete("a", &etag).await?;
    Ok(here.delete("a", &etag).await?)
}

async fn a_deletion_where_no_bucket_is_says_so(stand: &Stand<'_>) -> Result<()> {
    let nowhere = stand.at(&shop(), "no-bucket-to-delete")?;
    let answer = nowhere.delete("a", &md5(b"a")).await;
    refused("the deletion", &answer, CallClass::Invalid, "NoSuchBucket")
}
