//! Playing with the static site of `driftlessd dev`.

use expect_test::expect;
use serde_json::json;

use crate::fake::{Fake, ok, problem};

#[test]
fn a_site_is_built_and_the_next_command_is_shown() {
    let answer = |new: bool| {
        ok(&json!({"bucket": "demo-builds", "key": "builds/docs/v1.zip", "version": "3HL4kqtJ", "bytes": 5432,
            "sha256": "2".repeat(64), "new": new}))
    };
    let fake = Fake::new(vec![("POST /dev/builds", vec![answer(true), answer(false)])]);
    let build = ["dev", "build", "docs", "v1"];
    expect![[r#"
        builds/docs/v1.zip is uploaded to the bucket demo-builds (5.4 kB)
          next: driftless release create docs v1 --sha256 2222222222222222222222222222222222222222222222222222222222222222
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&build));
    expect![[r#"
        builds/docs/v1.zip was uploaded before to the bucket demo-builds (5.4 kB)
          next: driftless release create docs v1 --sha256 2222222222222222222222222222222222222222222222222222222222222222
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&build));
    assert_eq!(fake.asked()[0].body, r#"{"app":"docs","tag":"v1"}"#);
}

#[test]
fn objects_are_broken_by_what_becomes_of_them() {
    let fake = Fake::new(vec![(
        "POST /dev/break/object",
        vec![
            ok(&json!({"bucket": "docs-dev", "object": "logo.svg", "change": "deleted"})),
            problem(422, "dev", "shop/dev is no static site of the simulated AWS; it has docs in dev, staging, prod"),
        ],
    )]);
    let kinds = ["deleted", "changed", "headers", "foreign"];
    let shown: Vec<String> =
        kinds.iter().map(|kind| fake.run(&["dev", "break", "object", "docs", "dev", kind])).collect();
    expect![[r#"
        {
          "bucket": "docs-dev",
          "change": "deleted",
          "object": "logo.svg"
        }
        --- exit 0
    "#]]
    .assert_eq(&shown[0]);
    expect![[r#"
        --- stderr
        driftless: cannot break an object of docs/dev
          the API at http://api says: shop/dev is no static site of the simulated AWS; it has docs in dev, staging, prod (dev, HTTP 422)
        --- exit 2
    "#]]
    .assert_eq(&shown[1]);
    expect![[r#"
        --- stderr
        error: invalid value 'burnt' for '[KIND]'
          [possible values: changed, deleted, headers, foreign]

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&fake.run(&["dev", "break", "object", "docs", "dev", "burnt"]));
    let bodies: Vec<_> = fake.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies, kinds.map(|kind| format!(r#"{{"app":"docs","env":"dev","kind":"{kind}"}}"#)));
}

#[test]
fn the_bucket_of_a_site_is_shown_with_who_put_what_there() {
    let object = |key: &str, by: &str, cache_control: Option<&str>| {
        json!({"key": key, "size": 812, "sha256": "2".repeat(64), "contentType": "text/html", "by": by,
            "cacheControl": cache_control, "at": "2026-01-01T00:09:00Z"})
    };
    let objects = [
        object("index.html", "driftless", Some("max-age=0, must-revalidate")),
        object("uploads/cat.svg", "person", None),
    ];
    let fake = Fake::new(vec![(
        "GET /dev/objects/docs/dev",
        vec![
            ok(&json!({"bucket": "docs-dev", "now": "2026-01-01T00:10:00Z", "objects": objects})),
            ok(&json!({"bucket": "docs-dev", "now": "2026-01-01T00:10:00Z", "objects": []})),
        ],
    )]);
    let command = ["dev", "objects", "docs", "dev"];
    expect![[r#"
        KEY              SIZE   CACHE-CONTROL               BY         WHEN
        index.html       812 B  max-age=0, must-revalidate  driftless  60s ago
        uploads/cat.svg  812 B  -                           person     60s ago
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&command));
    expect![[r#"
        the bucket is empty
        --- exit 0
    "#]]
    .assert_eq(&fake.run(&command));
}
