//! Four releases of one site, and three back: by the stored manifest, with nothing sent that is there.

use std::collections::{BTreeMap, BTreeSet};

use driftless_aws::Kind;
use driftless_tests::site_zip::{Files, test_site};

use crate::objects::Versions;
use crate::sites::Sites;

/// The files of a release that are not in the bucket with its content.
fn differing(sites_there: &Versions, manifest: &driftless_domain::Manifest) -> BTreeSet<String> {
    let other = |file: &&std::sync::Arc<driftless_domain::SiteFile>| {
        sites_there.there.get(file.path.as_str()).is_none_or(|etag| etag != file.etag.as_str())
    };
    manifest.files.iter().filter(other).map(|file| file.path.to_string()).collect()
}

#[tokio::test]
async fn going_back_by_three_releases_uploads_no_asset_that_is_still_there() {
    let sites = Sites::open(&[("dev", None)]).await;
    let controller = sites.controller();
    let releases: Vec<Files> = (1..=4).map(|number| test_site(&format!("vite/{number}")).unwrap()).collect();
    let tag = |number: usize| format!("sha-{}", number.to_string().repeat(7));

    for (index, files) in releases.iter().enumerate() {
        let manifest = sites.announce(&tag(index + 1), files).await;
        let (there, calls) = (sites.versions("dev").await, sites.calls());
        let wanted = differing(&there, &manifest);
        assert!(wanted.iter().any(|key| key.starts_with("assets/main-")), "each release has a script of its own");
        assert_eq!(wanted.contains("404.html"), index == 0, "and a page that none changes");
        sites.deploy(&controller, "dev", &tag(index + 1)).await;
        let now = sites.versions("dev").await;
        assert_eq!(now.written_since(&there), Vec::from_iter(wanted.clone()), "release {}", index + 1);
        assert_eq!(sites.since(&calls, Kind::Change)["s3:PutObject"], wanted.len() as u64);
    }

    let first = sites.manifest(&tag(1)).await;
    let (there, calls) = (sites.versions("dev").await, sites.calls());
    let told = sites.invalidations("dev").await.len();
    sites.deploy(&controller, "dev", &tag(1)).await;
    let now = sites.versions("dev").await;

    // The pages alone, and what they read at run time: every script, style and image of the first release is still there.
    let pages = ["about.html", "data/release.json", "docs/guide/first steps.html", "docs/index.html", "index.html"];
    assert_eq!(now.written_since(&there), pages);
    let sent = BTreeMap::from([("s3:PutObject", 5), ("cloudfront:CreateInvalidation", 1), ("ssm:PutParameter", 1)]);
    assert_eq!(sites.since(&calls, Kind::Change), sent);
    assert_eq!(now.deleted_since(&there), Vec::<String>::new(), "the releases in between stay for their time");
    assert_eq!(differing(&now, &first), BTreeSet::new());
    for (key, content) in &releases[0] {
        let (served, file) = (sites.get("dev", key).await, first.get(&key.parse().unwrap()).unwrap());
        assert_eq!(&served.body, content, "{key}");
        let headers = &file.headers;
        assert_eq!((&served.content_type, &served.cache_control), (&headers.content_type, &headers.cache_control));
    }
    assert_eq!(sites.parameter("dev").await, format!("builds/docs/{}.zip", tag(1)));
    assert_eq!(sites.invalidations("dev").await.len(), told + 1);
    let status = sites.status("dev").await;
    assert_eq!(status.converged.unwrap().tag.as_str(), tag(1));
    let kept: BTreeSet<&String> =
        releases[1..].iter().flat_map(Files::keys).filter(|key| !releases[0].contains_key(*key)).collect();
    assert_eq!(status.site.unwrap().kept, kept.len() as u64);
}
