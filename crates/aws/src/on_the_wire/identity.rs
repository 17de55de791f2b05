//! Whose credentials are used, and that nothing goes out with the wrong ones.

use serde_json::json;

use driftless_domain::{CallClass, Chain, ParameterName, Place, RoleArn, RoleBinding};
use driftless_execute::LiveChanges;
use driftless_observe::LiveState;

use crate::testing::{Fake, Reply, Request, main_cluster, place, web};

fn with_role(account: &str, role_in: &str) -> Place {
    let arn = RoleArn::parse(format!("arn:aws:iam::{role_in}:role/driftless")).unwrap();
    Place { role: Some(RoleBinding { arn, external_id: Some("its-id".to_owned()) }), ..place(account) }
}

/// Hands out a key that ends in the role's account.
fn assume(request: &Request) -> Reply {
    let account = request.text.split("iam%3A%3A").nth(1).unwrap().get(..12).unwrap();
    Reply::Page(
        200,
        format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{account}</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

fn aws(request: &Request) -> Reply {
    match request.operation.as_str() {
        "AssumeRole" => assume(request),
        "GetParameters" => Reply::Json(json!({"InvalidParameters": ["/a"]})),
        "DescribeServices" => Reply::Json(json!({"failures": [{"arn": "web", "reason": "MISSING"}]})),
        other => Reply::error(400, "UnknownOperationException", other),
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_taken_once_for_all_services_with_its_external_id_and_our_identity() {
    let fake = Fake::new(|request, _| aws(request));
    let (live, place) = (fake.aws(), with_role("222222222222", "222222222222"));
    for _ in 0..3 {
        live.parameters(&place, &[ParameterName::parse("/a").unwrap()]).await.unwrap();
        live.services(&place, &main_cluster(), &[web()]).await.unwrap();
    }
    assert_eq!((fake.count("AssumeRole"), fake.count("GetCallerIdentity")), (1, 1));
    let asked = &fake.of("AssumeRole")[0].text;
    for part in ["ExternalId=its-id", "SourceIdentity=driftless-test", "DurationSeconds=3600"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(fake.of("DescribeServices")[0].headers["authorization"].contains("ASIA222222222222"));
}

#[tokio::test(start_paused = true)]
async fn credentials_for_another_account_are_refused_and_nothing_is_sent() {
    let fake = Fake::new(|request, _| aws(request));
    let wrong = with_role("222222222222", "333333333333");
    let name = ParameterName::parse("/a").unwrap();
    let error = fake.aws().put_parameter(&wrong, &name, "v").await.unwrap_err();
    assert_eq!(error.class, CallClass::Denied);
    let words = Chain(&error).to_string();
    assert!(words.contains("the credentials are for account 333333333333"), "{words}");
    assert_eq!(fake.count("PutParameter"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_be_taken_is_denied_and_nothing_is_sent() {
    let fake = Fake::new(|_, _| {
        let words = "User is not authorized to perform: sts:AssumeRole";
        let xml = format!(
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{words}</Message></Error></ErrorResponse>"
        );
        Reply::Page(403, xml)
    });
    let place = with_role("222222222222", "222222222222");
    let error = fake.aws().put_parameter(&place, &ParameterName::parse("/a").unwrap(), "v").await.unwrap_err();
    assert_eq!(error.class, CallClass::Denied, "{}", Chain(&error));
    assert!(Chain(&error).to_string().contains("not authorized to perform: sts:AssumeRole"), "{}", Chain(&error));
    assert_eq!((fake.count("PutParameter"), fake.count("GetCallerIdentity")), (0, 0));
}
