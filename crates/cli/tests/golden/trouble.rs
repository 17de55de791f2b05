//! Trouble: no API, no token, a wrong address, an answer that cannot be read.

use expect_test::expect;

use crate::fake::{Fake, problem, run};

#[test]
fn an_api_that_is_not_there_is_said_with_what_to_do() {
    expect![[r#"
        --- stderr
        driftless: cannot show the targets
          cannot reach the API at http://api: Connection refused (os error 111)
          next: is `driftlessd serve` or `driftlessd dev` running? --api or DRIFTLESS_API says where
        --- exit 1
    "#]]
    .assert_eq(&run("http://127.0.0.1:1", None, &["status"], ""));
}

#[test]
fn without_a_token_and_with_a_wrong_one_it_is_4() {
    let fake = Fake::new(vec![("GET /v1/targets", vec![problem(401, "unauthenticated", "send the token")])]);
    expect![[r#"
        --- stderr
        driftless: cannot show the targets
          the API at http://api says: send the token (unauthenticated, HTTP 401)
          next: set DRIFTLESS_TOKEN, or put the token into ~/.config/driftless/token
        --- exit 4
    "#]]
    .assert_eq(&run(&fake.address, None, &["status"], ""));
    expect![[r#"
        --- stderr
        driftless: cannot show the targets
          the API at http://api says: send the token (unauthenticated, HTTP 401)
          next: is the token the one that `driftlessd` was started with?
        --- exit 4
    "#]]
    .assert_eq(&fake.run(&["status"]));
}

#[test]
fn the_token_can_come_from_a_file_and_is_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "from-a-file-0123456789abcdef0123\n").unwrap();
    let fake = Fake::new(vec![("GET /v1/targets", vec![problem(401, "unauthenticated", "send the token")])]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_driftless"))
        .args(["status", "--api", &fake.address])
        .env_clear()
        .env("DRIFTLESS_TOKEN_FILE", &file)
        .output()
        .unwrap();
    assert_eq!(fake.asked()[0].token.as_deref(), Some("Bearer from-a-file-0123456789abcdef0123"));
    assert!(!String::from_utf8(output.stderr).unwrap().contains("from-a-file"));
}

#[test]
fn a_wrong_address_or_argument_is_2() {
    expect![[r#"
        --- stderr
        driftless: cannot use http://api as the API's address
          it must be http:// or https:// and a host, without user name and password
          next: write it like http://127.0.0.1:7474, with --api or DRIFTLESS_API
        --- exit 2
    "#]]
    .assert_eq(&run("ftp://somewhere", None, &["status"], ""));
    expect![[r#"
        --- stderr
        error: invalid value 'Shop' for '[APP]': app name "Shop" is not valid: 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -

        For more information, try '--help'.
        --- exit 2
    "#]].assert_eq(&run("http://127.0.0.1:1", None, &["status", "Shop"], ""));
    expect![[r#"
        --- stderr
        error: invalid value '5' for '--timeout <TIMEOUT>': write a whole number and a unit: 30s, 10m or 2h; at most 24h

        For more information, try '--help'.
        --- exit 2
    "#]]
    .assert_eq(&run("http://127.0.0.1:1", None, &["wait", "shop", "dev", "--timeout", "5"], ""));
}

#[test]
fn an_answer_that_is_not_ours_is_shown_as_it_is() {
    let fake = Fake::new(vec![(
        "GET /v1/targets",
        vec![(502, None, "<html>Bad \u{1b}[5mGateway</html>".to_owned()), (200, None, "{}".to_owned())],
    )]);
    expect![[r#"
        --- stderr
        driftless: cannot show the targets
          the API at http://api says: <html>Bad �[5mGateway</html> (HTTP 502)
        --- exit 1
    "#]]
    .assert_eq(&fake.run(&["status"]));
    expect![[r#"
        --- stderr
        driftless: the API's answer cannot be read
          missing field `targets` at line 1 column 2
          next: is `driftless` as new as `driftlessd`? compare `driftless --version` and `driftlessd --version`
        --- exit 1
    "#]]
    .assert_eq(&fake.run(&["status"]));
}

#[test]
fn the_token_does_not_go_to_another_machine_in_clear() {
    for api in ["http://driftless.internal:7474", "http://10.0.0.7", "http://[2001:db8::1]:7474"] {
        let shown = run(api, Some("0123456789abcdef0123456789abcdef"), &["status"], "");
        expect![[r#"
            --- stderr
            driftless: cannot use http://api as the API's address
              over http://, everybody on the way to another machine can read the token
              next: write https://, or open a tunnel and use its end here, like http://127.0.0.1:7474
            --- exit 2
        "#]]
        .assert_eq(&shown);
    }
    for api in ["http://127.0.0.2:1", "http://localhost:1", "http://[::1]:1"] {
        let shown = run(api, None, &["status"], "");
        assert!(shown.contains("cannot reach the API") && shown.ends_with("--- exit 1\n"), "{shown}");
    }
}

#[test]
fn a_password_in_the_address_is_refused_and_never_repeated() {
    for api in [
        "https://me:hunter2@driftless.internal",
        "https://:hunter2@driftless.internal",
        "http://me:hunter2@127.0.0.1:7474",
        "http://me:hunter2@127.0.0.1:port",
        "me:hunter2@127.0.0.1",
    ] {
        for arguments in [&["status"][..], &["status", "--api", api]] {
            let shown = run(api, None, arguments, "");
            assert!(shown.ends_with("--- exit 2\n") && !shown.contains("hunter2"), "{shown}");
        }
        assert!(!run(api, None, &["--help"], "").contains("hunter2"));
    }
    expect![[r#"
        --- stderr
        driftless: cannot use …@driftless.internal as the API's address
          it must be http:// or https:// and a host, without user name and password
          next: write it like http://127.0.0.1:7474, with --api or DRIFTLESS_API
        --- exit 2
    "#]]
    .assert_eq(&run("https://:hunter2@driftless.internal", None, &["status"], ""));
}

#[test]
fn what_is_on_this_machine_is_not_asked_for_through_a_proxy() {
    let fake = Fake::new(vec![("GET /v1/targets", vec![problem(401, "unauthenticated", "send the token")])]);
    for address in [fake.address.clone(), fake.address.replace("127.0.0.1", "localhost")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_driftless"))
            .args(["status", "--api", &address])
            .env_clear()
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4), "{address}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_record_that_does_not_parse_needs_a_person() {
    let broken = problem(409, "invalid-record", "Invalid record: desired#shop/dev: generation: not a number");
    let fake = Fake::new(vec![("PUT /v1/apps/shop/environments/dev/desired", vec![broken])]);
    expect![[r#"
        --- stderr
        driftless: cannot deploy v2 to shop/dev
          the API at http://api says: Invalid record: desired#shop/dev: generation: not a number (invalid-record, HTTP 409)
        --- exit 3
    "#]].assert_eq(&fake.run(&["deploy", "shop", "dev", "v2", "--reason", "try it"]));
}

#[test]
fn a_change_whose_answer_is_lost_may_have_happened() {
    let lost = || (0, None, String::new());
    let desired = "PUT /v1/apps/shop/environments/dev/desired";
    let down = problem(503, "records-unreachable", "the records could not be reached");
    let fake = Fake::new(vec![
        (desired, vec![lost(), down, problem(404, "not-found", "there is no target shop/dev")]),
        ("POST /v1/apps/shop/artifacts", vec![lost()]),
        ("POST /v1/apps/shop/environments/dev/reconcile", vec![(502, None, "Bad Gateway".to_owned())]),
        ("PUT /v1/apps/shop/spec", vec![(504, None, String::new())]),
        ("GET /v1/targets", vec![lost()]),
    ]);
    let next = |arguments: &[&str], input: &str| {
        let shown = run(&fake.address, Some("0123456789abcdef0123456789abcdef"), arguments, input);
        assert!(shown.ends_with("--- exit 1\n"), "{shown}");
        shown.lines().find_map(|line| line.strip_prefix("  next: ")).unwrap_or_default().to_owned()
    };
    let deploy = ["deploy", "shop", "dev", "v2", "--reason", "try it"];
    let look = "it may have happened; look with `driftless status shop dev` before repeating";
    assert_eq!(next(&deploy, ""), look, "the connection ended");
    assert_eq!(next(&deploy, ""), look, "503");
    assert_eq!(next(&deploy, ""), "", "a refusal is no change");
    let image = format!("web=acme/web@sha256:{}", "2".repeat(64));
    assert_eq!(
        next(&["release", "create", "shop", "--tag", "v2", "--image", &image], ""),
        "it may have happened; look with `driftless release list shop` before repeating"
    );
    assert_eq!(next(&["reconcile", "shop", "dev"], ""), look, "502");
    assert_eq!(
        next(&["spec", "apply", "-"], crate::spec::SPEC),
        "it may have happened; look with `driftless spec apply - --dry-run` before repeating"
    );
    assert_eq!(next(&["status"], ""), "", "a look changes nothing");
    let nowhere = run("http://127.0.0.1:1", None, &deploy, "");
    assert!(!nowhere.contains("may have happened"), "nothing was sent: {nowhere}");
}
