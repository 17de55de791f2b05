//! Lists, and keys of every kind in them.

use anyhow::Result;
use futures::future::try_join_all;

use crate::runner::{Case, cases};
use crate::setup::{Here, Stand, md5, same, script};

pub(crate) const CASES: &[Case] = cases![
    a_list_goes_on_over_its_pages,
    a_list_of_a_prefix_holds_nothing_else,
    keys_of_many_kinds_stay_what_they_are,
    keys_with_plus_and_percent_stay_what_they_are,
    a_key_may_have_1000_bytes,
    a_key_may_go_on_where_another_ends,
    a_folder_that_a_person_made_is_listed,
    keys_with_dots_between_slashes_are_counted,
    keys_with_control_characters_are_counted,
];

async fn a_list_goes_on_over_its_pages(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("pages").await?;
    let names: Vec<String> = (0..1050).map(|number| format!("docs/page-{number}.html")).collect();
    // Sixteen at a time, and in an order that is not that of the keys.
    for names in names.chunks(16).rev() {
        try_join_all(names.iter().map(|name| here.put(name, name.clone()))).await?;
    }
    for prefix in [None, Some("docs")] {
        let listed = here.list(prefix).await?.unwrap_or_default();
        let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
        expected.sort_unstable();
        let found: Vec<&str> = listed.objects.keys().map(|key| key.as_str()).collect();
        same("the keys", &found, &expected)?;
        for (key, object) in &listed.objects {
            same(key.as_str(), &object.etag, &md5(key.as_str().as_bytes()))?;
        }
    }
    Ok(())
}

async fn a_list_of_a_prefix_holds_nothing_else(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("prefix").await?;
    for name in ["docs.html", "docs-old/a.html", "docs/a.html", "docs/b/c.html", "doct/a.html", "a/docs/a.html"] {
        here.put(name, "x").await?;
    }
    let under = async |prefix: &str| -> Result<Vec<String>> {
        let listed = here.list(Some(prefix)).await?.unwrap_or_default();
        Ok(listed.objects.into_keys().map(String::from).collect())
    };
    same("docs/", &under("docs").await?, &vec!["docs/a.html".to_owned(), "docs/b/c.html".to_owned()])?;
    same("docs/b/", &under("docs/b").await?, &vec!["docs/b/c.html".to_owned()])?;
    same("nothing/", &under("nothing").await?, &Vec::new())
}

/// Every call that names a key: put, HEAD, list, copy in place, delete.
async fn round_trip(here: &Here<'_>, names: &[&str]) -> Result<()> {
    for name in names {
        here.put(name, name.as_bytes().to_vec()).await?;
        same(name, &here.found(name).await?.etag, &md5(name.as_bytes()))?;
        here.replace_headers(name, &script(None), &md5(name.as_bytes())).await?;
        here.must_be(name, &script(None), name.as_bytes()).await?;
    }
    let listed = here.listed().await?;
    let found: Vec<&str> = listed.objects.keys().map(|key| key.as_str()).collect();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    same("the list", &found, &expected)?;
    for name in names {
        here.delete(name, &md5(name.as_bytes())).await?;
    }
    same("what is left", &here.listed().await?.objects.len(), &0)
}

async fn keys_of_many_kinds_stay_what_they_are(stand: &Stand<'_>) -> Result<()> {
    let names = [
        "with space.html",
        " at the beginning",
        "\u{e4}\u{f6}\u{fc}/\u{df} \u{c5}.html",
        "a\u{308}-in-two-signs.html",
        "\u{4e2d}\u{6587}/\u{9875}.html",
        "\u{1f600}.svg",
        "\u{e000}.svg",
        ".well-known/security.txt",
        ".hidden",
        "a?b=c&d#e.html",
        "<it's> \"quoted\" & (more)!.js",
        "a=b;c,d@e:f$*~^|`{}[].txt",
        "a\\b",
        "..twice/...thrice",
    ];
    round_trip(&stand.bucket("odd-keys").await?, &names).await
}

async fn keys_with_plus_and_percent_stay_what_they_are(stand: &Stand<'_>) -> Result<()> {
    let names = ["c++.html", "100%.html", "a%20b", "a%2Bb", "a+b c", "%", "+", "%zz"];
    round_trip(&stand.bucket("plus").await?, &names).await
}

async fn a_key_may_have_1000_bytes(stand: &Stand<'_>) -> Result<()> {
    let long = format!("{}\u{e4}", "docs/chapter".repeat(84)).chars().take(999).collect::<String>();
    let parts = format!("{}x", "d123456789/".repeat(90)) + &"y".repeat(9);
    assert_eq!((long.len(), parts.len()), (999, 1000));
    round_trip(&stand.bucket("long").await?, &[&long, &parts]).await
}

async fn a_key_may_go_on_where_another_ends(stand: &Stand<'_>) -> Result<()> {
    round_trip(&stand.bucket("below").await?, &["docs", "docs/a", "docs/a/b"]).await
}

async fn a_folder_that_a_person_made_is_listed(stand: &Stand<'_>) -> Result<()> {
    let here = stand.bucket("folder").await?;
    here.put_by_hand("docs/", "").await?;
    here.put("docs/a", "a").await?;
    let listed = here.listed().await?;
    let found: Vec<(&str, u64)> = listed.objects.iter().map(|(key, object)| (key.as_str(), object.size)).collect();
    same("the list", &found, &vec![("docs/", 0), ("docs/a", 1)])
}

/// People put these keys beside a page; lists count them and show the page.
async fn are_counted(here: &Here<'_>, names: &[&str]) -> Result<()> {
    for name in names.iter().chain(&["a.html", "z.html"]) {
        here.put_by_hand(name, "x").await?;
    }
    let listed = here.listed().await?;
    let found: Vec<&str> = listed.objects.keys().map(|key| key.as_str()).collect();
    same("the list", &(found, listed.unnamed), &(vec!["a.html", "z.html"], names.len() as u64))
}

async fn keys_with_dots_between_slashes_are_counted(stand: &Stand<'_>) -> Result<()> {
    are_counted(&stand.bucket("dots").await?, &["up/../x", "./here", "in/./between"]).await
}

async fn keys_with_control_characters_are_counted(stand: &Stand<'_>) -> Result<()> {
    are_counted(&stand.bucket("control").await?, &["con\u{1}trol", "line\nbreak", "\u{7f}"]).await
}
