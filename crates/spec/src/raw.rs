//! The file as it is written: every key, its type and its own rule, in one place. The JSON Schema is generated from these
//! types, so their texts are what people see in an editor. A field that is `None` was not given or was not of its type.
//!
//! **Refuses:** rules over several fields; those are in `convert`, `order` and `clash`.

use std::collections::BTreeMap;

use driftless_domain::{
    AccountId, AppName, BucketName, ClusterName, ContainerName, DistributionId, EcsServiceName, EnvName, KeyPrefix,
    ParameterName, Region, RoleArn, ServiceName, SitePath, TaskFamily,
};
use garde::Validate;
use schemars::JsonSchema;

use crate::rules::{self, deadline, each, glob, is, site_template, template};

/// The version of the format that this code reads.
pub(crate) const API_VERSION: &str = "driftless/v1";
/// The kind of an application of ECS services.
pub(crate) const CONTAINER: &str = "container";
/// The kind of a static site.
pub(crate) const STATIC_SITE: &str = "static-site";
/// The template of ECS service names when none is given.
pub(crate) const DEFAULT_SERVICE: &str = "{app}-{env}-{service}";
/// The template of version parameters when none is given.
pub(crate) const DEFAULT_PARAMETER: &str = "/{app}/{env}/{service}/version";
/// The template of a site's parameter when none is given.
pub(crate) const DEFAULT_SITE_PARAMETER: &str = "/{app}/{env}/artifact-key";

/// The page that every site must have when none is given.
pub(crate) const DEFAULT_ENTRY_PAGE: &str = "index.html";

const OUR_NAME: &str = "^[a-z][a-z0-9-]{0,38}[a-z0-9]$";

/// # Driftless app spec
/// One application and its environments, in the order in which releases are promoted.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum Document {
    Container(ContainerSpec),
    StaticSite(SiteSpec),
}

/// An application of ECS services that ship together.
#[derive(Debug, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContainerSpec {
    /// The version of this format.
    #[schemars(with = "String", extend("const" = API_VERSION))]
    #[expect(dead_code, reason = "`header` has read it; it is here for the schema")]
    pub(crate) api_version: (),
    /// What the application is made of.
    #[schemars(with = "String", extend("const" = CONTAINER))]
    #[expect(dead_code, reason = "`header` has read it; it is here for the schema")]
    pub(crate) kind: (),
    /// The name of the application.
    #[garde(custom(is::<AppName>))]
    #[schemars(required, extend("pattern" = OUR_NAME))]
    pub(crate) app: Option<String>,
    /// The services, in rollout order.
    #[garde(length(min = 1, max = 50), dive)]
    pub(crate) services: Vec<Service>,
    /// The environments, in promotion order.
    #[garde(length(min = 1, max = 50), dive)]
    pub(crate) environments: Vec<ContainerEnvironment>,
}

/// One service, the same in every environment.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Service {
    /// Its name in this file.
    #[garde(custom(is::<ServiceName>))]
    #[schemars(required, extend("pattern" = OUR_NAME))]
    pub(crate) name: Option<String>,
    /// The container of the task definition whose image is ours. Default: the service's name.
    #[garde(custom(is::<ContainerName>))]
    pub(crate) container: Option<String>,
    /// The task definition family. Default: the one that the service runs.
    #[garde(custom(is::<TaskFamily>))]
    pub(crate) family: Option<String>,
}

/// What every environment has.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct Common {
    /// The name of the environment: dev, staging, prod.
    #[garde(custom(is::<EnvName>))]
    #[schemars(required, extend("pattern" = OUR_NAME))]
    pub(crate) name: Option<String>,
    /// The AWS account, 12 digits in quotes.
    #[garde(custom(is::<AccountId>))]
    #[schemars(required, extend("pattern" = "^[0-9]{12}$"))]
    pub(crate) account: Option<String>,
    /// The AWS region, like eu-west-1.
    #[garde(custom(is::<Region>))]
    #[schemars(required)]
    pub(crate) region: Option<String>,
    /// The role to take in the account: its ARN, or its ARN and an external id. Default: our own credentials.
    #[garde(dive)]
    #[schemars(with = "Option<RoleForm>")]
    pub(crate) role: Option<Role>,
    /// Whether a new artifact is wanted here as soon as it is announced. Default: false.
    pub(crate) auto_deploy: Option<bool>,
    /// The environments that must run an artifact before this one may.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) after: Vec<Option<String>>,
    /// How many people must approve a release. Default: nobody.
    #[garde(dive)]
    pub(crate) approvals: Option<Approvals>,
    /// What to do about drift: put it right (auto) or only show it (report). Default: auto.
    pub(crate) heal: Option<Heal>,
    /// How long one rollout may take, between 1m and 24h: 90s, 30m, 2h. Default: 30m.
    #[garde(custom(deadline))]
    #[schemars(extend("pattern" = "^[1-9][0-9]*[smh]$"))]
    pub(crate) rollout_deadline: Option<String>,
}

/// An environment of a container application.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContainerEnvironment {
    #[garde(dive)]
    #[schemars(flatten)]
    pub(crate) common: Common,
    /// The ECS cluster, by its short name.
    #[garde(custom(is::<ClusterName>))]
    #[schemars(required)]
    pub(crate) cluster: Option<String>,
    /// The template of the ECS service names. Default: {app}-{env}-{service}.
    #[garde(custom(template))]
    pub(crate) service: Option<String>,
    /// The ECS service name of single services; wins over the template.
    #[garde(dive)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) services: BTreeMap<String, GivenService>,
    /// The template of the SSM parameters that hold the version. Default: /{app}/{env}/{service}/version.
    #[garde(custom(template))]
    pub(crate) parameter: Option<String>,
    /// The parameter of single services; wins over the template.
    #[garde(dive)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) parameters: BTreeMap<String, GivenParameter>,
}

/// The ECS service name of one service.
#[derive(Debug, Validate)]
#[garde(transparent)]
pub(crate) struct GivenService(#[garde(custom(each::<EcsServiceName>))] pub(crate) String);

/// The parameter of one service.
#[derive(Debug, Validate)]
#[garde(transparent)]
pub(crate) struct GivenParameter(#[garde(custom(each::<ParameterName>))] pub(crate) String);

/// A role and what its trust policy asks for.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Role {
    /// The ARN of the role.
    #[garde(custom(is::<RoleArn>))]
    #[schemars(required)]
    pub(crate) arn: Option<String>,
    /// The external id that its trust policy asks for.
    #[garde(custom(rules::external_id))]
    pub(crate) external_id: Option<String>,
}

/// Both ways to write a role.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum RoleForm {
    /// The ARN of the role.
    Arn(String),
    /// The ARN of the role and an external id.
    Full(Role),
}

/// How many people must approve.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Approvals {
    /// People of the staff. Default: 0.
    #[garde(range(max = 10))]
    pub(crate) staff: Option<u32>,
    /// People of the client. Default: 0.
    #[garde(range(max = 10))]
    pub(crate) client: Option<u32>,
}

/// What to do about drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) enum Heal {
    /// Put it right.
    Auto,
    /// Show it and leave it.
    Report,
}

/// A static site.
#[derive(Debug, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SiteSpec {
    /// The version of this format.
    #[schemars(with = "String", extend("const" = API_VERSION))]
    #[expect(dead_code, reason = "`header` has read it; it is here for the schema")]
    pub(crate) api_version: (),
    /// What the application is made of.
    #[schemars(with = "String", extend("const" = STATIC_SITE))]
    #[expect(dead_code, reason = "`header` has read it; it is here for the schema")]
    pub(crate) kind: (),
    /// The name of the application.
    #[garde(custom(is::<AppName>))]
    #[schemars(required, extend("pattern" = OUR_NAME))]
    pub(crate) app: Option<String>,
    /// Where builds lie.
    #[garde(dive)]
    #[schemars(with = "Artifacts")]
    pub(crate) artifacts: Option<Artifacts>,
    /// The page without which a build is refused. Default: index.html.
    #[garde(custom(is::<SitePath>))]
    pub(crate) entry_page: Option<String>,
    /// Which files get which headers; the first rule that matches wins. Default: the usual rules for hashed assets and HTML.
    #[garde(length(max = 50), dive)]
    #[schemars(with = "Option<Vec<Header>>")]
    pub(crate) headers: Vec<Header>,
    /// The environments, in promotion order.
    #[garde(length(min = 1, max = 50), dive)]
    pub(crate) environments: Vec<SiteEnvironment>,
}

/// Where the builds of a site lie.
#[derive(Debug, Default, JsonSchema, Validate)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Artifacts {
    /// The shared artifact bucket. It must have versioning: a build is pinned by its version.
    #[garde(custom(is::<BucketName>))]
    #[schemars(required)]
    pub(crate) bucket: Option<String>,
    /// The account that owns it, 12 digits in quotes. Default: the account that Driftless runs in.
    #[garde(custom(is::<AccountId>))]
    #[schemars(extend("pattern" = "^[0-9]{12}$"))]
    pub(crate) account: Option<String>,
    /// Its region. Default: the region that Driftless runs in.
    #[garde(custom(is::<Region>))]
    pub(crate) region: Option<String>,
}

/// The headers of some files.
#[derive(Debug, Default, JsonSchema, Validate)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Header {
    /// A glob over the path within the site, like assets/**.
    #[garde(custom(glob))]
    #[schemars(required)]
    pub(crate) r#match: Option<String>,
    /// The value of Cache-Control.
    #[garde(custom(rules::cache_control))]
    #[schemars(required)]
    pub(crate) cache_control: Option<String>,
}

/// An environment of a static site.
#[derive(Debug, Default, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SiteEnvironment {
    #[garde(dive)]
    #[schemars(flatten)]
    pub(crate) common: Common,
    /// The website bucket.
    #[garde(custom(is::<BucketName>))]
    #[schemars(required)]
    pub(crate) bucket: Option<String>,
    /// The part of the bucket that is ours, like docs. Default: all of it.
    #[garde(custom(is::<KeyPrefix>))]
    pub(crate) prefix: Option<String>,
    /// The CloudFront distribution in front of it.
    #[garde(custom(is::<DistributionId>))]
    pub(crate) distribution: Option<String>,
    /// The origin path of the distribution, like docs, when it has one: invalidations are named without it.
    #[garde(custom(is::<KeyPrefix>))]
    pub(crate) origin_path: Option<String>,
    /// How long files stay that only earlier releases have, between 1h and 365d. Default: 7d.
    #[garde(custom(rules::keep))]
    #[schemars(extend("pattern" = "^[1-9][0-9]*[mhd]$"))]
    pub(crate) keep: Option<String>,
    /// The template of the SSM parameter that holds the artifact key. Default: /{app}/{env}/artifact-key.
    #[garde(custom(site_template))]
    pub(crate) parameter: Option<String>,
}
