//! Static sites: announcing a zip, listing zips, and what there is to see while and after one is published.

use std::path::Path;

use expect_test::expect;
use serde_json::{Value, json};

use crate::fake::{Fake, ok, problem, view, waited};

const ARTIFACTS: &str = "/v1/apps/docs/artifacts";
const SHA256: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// An artifact as the API tells it.
fn artifact(tag: &str, files: u32, bytes: u64) -> Value {
    json!({"app": "docs", "tag": tag, "git_sha": "abcdef0123456789", "branch": "main",
        "content": {"site": {"place": {"account": "333333333333", "region": "eu-west-1", "role": null},
            "bucket": "shared-artifacts", "key": format!("builds/docs/{tag}.zip"), "version": "3HL4kqtJ",
            "sha256": SHA256, "size": 4_000_000, "manifest": format!("sha256:{}", "3".repeat(64)), "files": files,
            "bytes": bytes}},
        "announced_by": "operator", "announced_at": "2026-01-01T00:00:00Z"})
}

fn announced() -> Value {
    json!({"artifact": artifact("abc", 4312, 12_345_678), "new": true,
        "deployed": [{"environment": "dev", "generation": 3}], "notDeployed": []})
}

fn posted(fake: &Fake) -> Vec<Value> {
    fake.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect()
}

#[test]
fn a_zip_is_announced_with_its_sha256() {
    let fake = Fake::new(vec![(&format!("POST {ARTIFACTS}"), vec![ok(&announced())])]);
    let create = ["release", "create", "docs", "abc"];
    expect![[r#"
        abc of docs is announced
          zip builds/docs/abc.zip (4,312 files, 12 MB), version 3HL4kqtJ
          docs/dev: wanted at generation 3
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&[&create[..], &["--sha256", SHA256]].concat()));
    let create = ["release", "create", "docs", "--tag", "abc"];
    let all = ["--zip", "builds/docs/1.zip", "--version-id", "3HL4kqtJ", "--sha256", SHA256, "--git-sha", "abcdef1"];
    fake.run(&[&create[..], &all].concat());
    assert_eq!(
        posted(&fake),
        [
            json!({"tag": "abc", "gitSha": null, "branch": null,
                "site": {"key": null, "versionId": null, "sha256": SHA256}}),
            json!({"tag": "abc", "gitSha": "abcdef1", "branch": null,
                "site": {"key": "builds/docs/1.zip", "versionId": "3HL4kqtJ", "sha256": SHA256}}),
        ]
    );
}

#[test]
fn the_sha256_can_be_computed_from_the_file() {
    let fake = Fake::new(vec![(&format!("POST {ARTIFACTS}"), vec![ok(&announced())])]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.zip");
    std::fs::write(&file, "abc".repeat(1 << 20)).unwrap();
    let create = |file: &Path| {
        let file = file.to_str().unwrap();
        fake.run(&["release", "create", "docs", "--tag", "abc", "--sha256-of", file]).replace(file, "FILE")
    };
    assert!(create(&file).ends_with("--- exit 0\n"));
    // As `sha256sum` says it.
    let sha256 = "cc932bce1f4a5197761d0a4b0197f00a43a3eb6b0c0081b4add813521acac582";
    assert_eq!(posted(&fake)[0]["site"]["sha256"], sha256);
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          cannot read FILE: No such file or directory (os error 2)
        --- exit 2
    "#]]
    .assert_eq(&create(&folder.path().join("other.zip")));
    assert_eq!(fake.asked().len(), 1, "nothing is asked before the file is read");
}

#[test]
fn a_build_is_either_images_or_a_zip() {
    let fake = Fake::new(vec![]);
    let image = format!("web=acme/web@{}", format_args!("sha256:{SHA256}"));
    let create = |more: &[&str]| fake.run(&[&["release", "create", "docs", "--tag", "abc"], more].concat());
    expect![[r#"
        --- stderr
        error: the following required arguments were not provided:
          <--image <SERVICE=REPOSITORY@DIGEST>|--sha256 <HEX>|--sha256-of <FILE>>

        Usage: driftless release create <APP> <TAG> --image <SERVICE=REPOSITORY@DIGEST>... [OPTIONS]
               driftless release create <APP> <TAG> <--sha256 <HEX>|--sha256-of <FILE>> [--zip <KEY>] [OPTIONS]

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&create(&[]));
    expect![[r#"
        --- stderr
        error: the argument '--image <SERVICE=REPOSITORY@DIGEST>' cannot be used with '--sha256 <HEX>'

        Usage: driftless release create <APP> <TAG> --image <SERVICE=REPOSITORY@DIGEST>... [OPTIONS]
               driftless release create <APP> <TAG> <--sha256 <HEX>|--sha256-of <FILE>> [--zip <KEY>] [OPTIONS]

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&create(&["--image", &image, "--sha256", SHA256]));
    expect![[r#"
        --- stderr
        error: the argument '--image <SERVICE=REPOSITORY@DIGEST>' cannot be used with '--zip <KEY>'

        Usage: driftless release create <APP> <TAG> --image <SERVICE=REPOSITORY@DIGEST>... [OPTIONS]
               driftless release create <APP> <TAG> <--sha256 <HEX>|--sha256-of <FILE>> [--zip <KEY>] [OPTIONS]

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&create(&["--image", &image, "--zip", "builds/docs/1.zip"]));
    expect![[r#"
        --- stderr
        error: invalid value '22AA' for '--sha256 <HEX>': sha256 "22AA" is not valid: 64 of 0-9 and a-f

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&create(&["--sha256", "22AA"]));
    let twice = fake.run(&["release", "create", "docs", "abc", "--tag", "abd", "--sha256", SHA256]);
    assert!(twice.contains("the argument '[TAG]' cannot be used with '--tag <TAG>'"), "{twice}");
    assert_eq!(fake.asked(), []);
}

#[test]
fn what_is_wrong_with_a_zip_is_said_and_what_was_changed_is_clear() {
    let refusals = vec![
        problem(422, "build-refused", "builds/docs/abc.zip: the entry \"../x\" is not a path within the site"),
        problem(409, "tag-taken", "tag abc of docs already stands for another build"),
        problem(503, "busy", "2 builds are being checked already"),
        problem(502, "build-unreadable", "the build could not be read: s3:GetObject: AccessDenied"),
        problem(504, "timeout", "there was no answer within 600 s; look before you repeat a change"),
    ];
    let fake = Fake::new(vec![(&format!("POST {ARTIFACTS}"), refusals)]);
    let create = || fake.run(&["release", "create", "docs", "--tag", "abc", "--sha256", SHA256]);
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          the API at http://api says: builds/docs/abc.zip: the entry "../x" is not a path within the site (build-refused, HTTP 422)
        --- exit 2
    "#]].assert_eq(&create());
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          the API at http://api says: tag abc of docs already stands for another build (tag-taken, HTTP 409)
        --- exit 5
    "#]]
    .assert_eq(&create());
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          the API at http://api says: 2 builds are being checked already (busy, HTTP 503)
          next: repeat it in a minute; nothing was changed
        --- exit 1
    "#]]
    .assert_eq(&create());
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          the API at http://api says: the build could not be read: s3:GetObject: AccessDenied (build-unreadable, HTTP 502)
        --- exit 1
    "#]].assert_eq(&create());
    expect![[r#"
        --- stderr
        driftless: cannot announce abc of docs
          the API at http://api says: there was no answer within 600 s; look before you repeat a change (timeout, HTTP 504)
          next: it may have happened; look with `driftless release list docs` before repeating
        --- exit 1
    "#]].assert_eq(&create());
}

#[test]
fn zips_are_listed_with_how_much_they_hold() {
    let list = json!({"now": "2026-01-01T00:10:00Z", "artifacts": [
        artifact("abc", 4312, 12_345_678), artifact("abd", 1, 812)]});
    let fake = Fake::new(vec![(&format!("GET {ARTIFACTS}"), vec![ok(&list)])]);
    expect![[r#"
        TAG  COMMIT        BRANCH  ANNOUNCED  BY        CONTENT
        abc  abcdef012345  main    10m ago    operator  zip builds/docs/abc.zip (4,312 files, 12 MB)
        abd  abcdef012345  main    10m ago    operator  zip builds/docs/abd.zip (1 file, 812 B)
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["release", "list", "docs"]));
    expect![[r#"
        TAG  COMMIT        BRANCH  ANNOUNCED  BY        CONTENT
        abc  abcdef012345  main    10m ago    operator  zip builds/docs/abc.zip (4,312 files, 12 MB) in shared-artifacts, version 3HL4kqtJ, sha256 2222222222222222222222222222222222222222222222222222222222222222
        abd  abcdef012345  main    10m ago    operator  zip builds/docs/abd.zip (1 file, 812 B) in shared-artifacts, version 3HL4kqtJ, sha256 2222222222222222222222222222222222222222222222222222222222222222
        --- exit 0
    "#]].assert_eq(&fake.run(&["release", "list", "docs", "-o", "wide"]));
}

/// A site's status; `change` goes over what was seen of the site.
fn site(plan: &str, change: &Value) -> Value {
    let mut site = json!({"files": 4312, "bytes": 86_400_000, "missing": 0, "changed": 0, "other_headers": 0,
        "foreign": 0, "foreign_examples": [], "kept": 0, "parameter": "builds/docs/abc.zip", "progress": null,
        "memory": {"pending": [], "publishes": 1, "invalidation": null, "published": []}});
    for (key, value) in change.as_object().unwrap() {
        site[key] = value.clone();
    }
    // What the controller writes has these fields, and may have more.
    drop(serde_json::from_value::<driftless_domain::SiteStatus>(site.clone()).unwrap());
    json!({"target": "docs/prod", "runs": "v2", "status":
        {"observed_generation": 3, "plan": plan, "rejected": null, "services": [], "site": site}})
}

const TARGET: &str = "GET /v1/apps/docs/environments/prod";

#[test]
fn a_site_that_is_as_it_should_be_is_told_in_few_lines() {
    let fake = Fake::new(vec![(
        TARGET,
        vec![ok(&view("converged", "runs v2 (generation 3)", &site("converged", &json!({}))))],
    )]);
    expect![[r#"
        APP   ENV   HEADLINE   WANTED  RUNS  SINCE  REASON
        docs  prod  Converged  v2      v2    8m     runs v2 (generation 3)

        reason    runs v2 (generation 3)
        wanted    v2 at generation 3, by operator 10m ago: the new checkout
        looked    10s ago
        plan      converged (for generation 3)
        files     4,312 files, 86 MB
        parameter builds/docs/abc.zip
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["status", "docs", "prod"]));
}

#[test]
fn all_that_is_not_as_it_should_be_is_told() {
    let seen = json!({"missing": 1204, "changed": 3, "other_headers": 1, "kept": 1020, "foreign": 214,
        "foreign_examples": ["a.txt", "old/b.txt", "c\u{202e}.txt", "d.txt"], "parameter": null,
        "progress": {"files": 1204, "of_files": 4300, "bytes": 31_200_000, "of_bytes": 86_400_000},
        "memory": {"pending": ["/index.html", "/docs/*"], "publishes": 1, "published": [],
            "invalidation": {"id": "I2J4EXAMPLE", "reference": "x", "at": "2026-01-01T00:08:00Z"}}});
    let plan = "upload 1204 hashed assets (31.2 MB) to bucket acme-docs: a.js\ninvalidate in distribution E2EXAMPLE1ABCD: /index.html /docs/*";
    let fake = Fake::new(vec![(TARGET, vec![ok(&view("progressing", "uploading", &site(plan, &seen)))])]);
    expect![[r#"
        APP   ENV   HEADLINE     WANTED  RUNS  SINCE  REASON
        docs  prod  Progressing  v2      v2    8m     uploading

        reason    uploading
        wanted    v2 at generation 3, by operator 10m ago: the new checkout
        looked    10s ago
        plan      upload 1204 hashed assets (31.2 MB) to bucket acme-docs: a.js (for generation 3)
                  invalidate in distribution E2EXAMPLE1ABCD: /index.html /docs/*
        files     4,312 files, 86 MB; 1,204 missing, 3 with other content, 1 with other headers
        upload    uploading 1,204 of 4,300 files, 31 of 86 MB
        caches    invalidation I2J4EXAMPLE has been under way for 2m
        caches    2 paths to invalidate: /index.html, /docs/*
        kept      1,020 files of earlier releases
        foreign   214 objects that no release of ours has, left alone: a.txt, old/b.txt, c�.txt and 211 more
        parameter -
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&["status", "docs", "prod"]));
    let wide = fake.run(&["status", "docs", "prod", "-o", "wide"]);
    assert!(wide.contains("a.txt, old/b.txt, c\u{fffd}.txt, d.txt and 210 more\n"), "{wide}");
}

#[test]
fn waiting_tells_each_tenth_of_an_upload_and_then_what_caches_wait_for() {
    let at = |bytes: u64| {
        let progress = json!({"files": bytes / 20_000, "of_files": 4300, "bytes": bytes, "of_bytes": 86_000_000});
        waited("pending", view("progressing", "uploading files", &site("upload", &json!({"progress": progress}))))
    };
    let propagating = "the files are in place; invalidation I2J4 of distribution E2EXAMPLE1ABCD is under way";
    let answers = vec![
        at(0),
        at(1_000_000),
        at(9_000_000),
        at(80_000_000),
        waited("pending", view("progressing", propagating, &site("wait", &json!({})))),
        waited("converged", view("converged", "runs v2 (generation 3)", &site("converged", &json!({})))),
    ];
    let fake = Fake::new(vec![("GET /v1/apps/docs/environments/prod/wait", answers)]);
    expect![[r#"
        00:10:00Z docs/prod generation 3: Progressing: uploading files (uploading 0 of 4,300 files, 0 of 86 MB)
        00:10:00Z docs/prod generation 3: Progressing: uploading files (uploading 450 of 4,300 files, 9 of 86 MB)
        00:10:00Z docs/prod generation 3: Progressing: uploading files (uploading 4,000 of 4,300 files, 80 of 86 MB)
        00:10:00Z docs/prod generation 3: Progressing: the files are in place; invalidation I2J4 of distribution E2EXAMPLE1ABCD is under way
        00:10:00Z docs/prod generation 3: Converged: runs v2 (generation 3)
        docs/prod: v2 converged at generation 3
        --- exit 0
    "#]].assert_eq(&fake.run(&["wait", "docs", "prod"]));
}

#[test]
fn the_difference_of_a_site_is_its_plan() {
    let steps = json!(["upload 3 pages (4.1 kB) to bucket acme-docs: a.html, b.html, c.html"]);
    let answer = json!({"target": "docs/prod", "inSync": false, "steps": steps, "reason": "", "plan": ""});
    let fake = Fake::new(vec![("GET /v1/apps/docs/environments/prod/diff", vec![ok(&answer)])]);
    expect![[r#"
        docs/prod: out of sync
          upload 3 pages (4.1 kB) to bucket acme-docs: a.html, b.html, c.html
        --- exit 8
    "#]]
    .assert_eq(&fake.run(&["diff", "docs", "prod"]));
}
