//! Invalidations.

use driftless_domain::{CallClass, CallError, DistributionId, InvalidationPath, InvalidationState};
use driftless_execute::SiteChanges;
use driftless_observe::SiteState;

use crate::testing::{Fake, Reply, here};

fn distribution() -> DistributionId {
    DistributionId::parse("E2EXAMPLE1").unwrap()
}

async fn invalidate(fake: &Fake) -> Result<String, CallError> {
    let paths = ["/docs/*", "/a%20b&c"].map(|path| InvalidationPath::parse(path).unwrap());
    fake.aws().invalidate(&here(), &distribution(), "docs/prod/7/1", &paths).await
}

fn invalidation(status: &str) -> Reply {
    Reply::Page(
        200,
        format!(
            "<Invalidation><Id>I1</Id><Status>{status}</Status><CreateTime>2026-01-02T03:04:05Z</CreateTime>\
             <InvalidationBatch><CallerReference>r</CallerReference><Paths><Quantity>0</Quantity></Paths>\
             </InvalidationBatch></Invalidation>"
        ),
    )
}

fn error(status: u16, code: &str) -> Reply {
    Reply::Page(
        status,
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>words</Message></Error></ErrorResponse>"),
    )
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_names_its_reference_and_its_paths_and_is_signed_for_the_region_of_cloudfront() {
    let fake = Fake::new(|_, _| invalidation("InProgress"));
    assert_eq!(invalidate(&fake).await.unwrap(), "I1");
    let [sent] = &fake.of("POST invalidation")[..] else { panic!("sent more than once") };
    assert_eq!(sent.path, "/2020-05-31/distribution/E2EXAMPLE1/invalidation");
    assert!(sent.headers["authorization"].contains("/us-east-1/cloudfront/"), "{}", sent.headers["authorization"]);
    expect_test::expect![[r#"<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>2</Quantity><Items><Path>/docs/*</Path><Path>/a%20b&amp;c</Path></Items></Paths><CallerReference>docs/prod/7/1</CallerReference></InvalidationBatch>"#]]
    .assert_eq(&sent.text);
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_goes_out_once_whatever_comes_back() {
    for (reply, class) in [
        (Reply::Breaks, CallClass::Ambiguous),
        (Reply::Hangs, CallClass::Ambiguous),
        (error(500, "InternalError"), CallClass::Ambiguous),
        (error(400, "InvalidationBatchAlreadyExists"), CallClass::Conflict),
        (error(400, "TooManyInvalidationsInProgress"), CallClass::Throttled),
        (error(404, "NoSuchDistribution"), CallClass::Invalid),
        (error(403, "AccessDenied"), CallClass::Denied),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        assert_eq!(invalidate(&fake).await.unwrap_err().class, class);
        assert_eq!(fake.count("POST invalidation"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_that_cloudfront_forgot_is_absent_and_an_unknown_state_is_no_state() {
    for (reply, outcome) in [
        (invalidation("InProgress"), Ok(Some(InvalidationState::InProgress))),
        (invalidation("Completed"), Ok(Some(InvalidationState::Completed))),
        (error(404, "NoSuchInvalidation"), Ok(None)),
        (error(404, "NoSuchDistribution"), Err(CallClass::Invalid)),
        (invalidation("Postponed"), Err(CallClass::Transient)),
        (Reply::Breaks, Err(CallClass::Transient)),
    ] {
        let fake = Fake::new(move |_, _| reply.clone());
        let state = fake.aws().invalidation(&here(), &distribution(), "I1").await;
        assert_eq!(state.map_err(|error| error.class), outcome);
        assert_eq!(fake.of("GET invalidation")[0].path, "/2020-05-31/distribution/E2EXAMPLE1/invalidation/I1");
    }
}
