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
          it must be http:// or https:// and a host, without user name
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
