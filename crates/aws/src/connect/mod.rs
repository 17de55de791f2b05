//! Connections: for every place (account, region, role) one set of clients, built once. Reads and changes have clients of
//! their own, because a read is repeated by the SDK and a change never is.

pub(crate) mod site;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::{IdentityCache, SharedHttpClient, SharedIdentityCache};
use aws_smithy_http_client::{Builder, tls};
use tokio::sync::OnceCell;

use driftless_domain::{AccountId, Place, Region, TaskDefArn};

use self::site::{OwnClients, SiteClients};
use crate::credentials::AssumedRole;
use crate::limits::LONGEST_WAIT_OF_A_CHANGE;

/// One TCP and TLS handshake: the SDK's own default, written down because it decides how soon a dead address is noticed.
const CONNECT: Duration = Duration::from_millis(3_100);
/// One try. ECS answers in tens of milliseconds; what takes longer than this is lost.
const ATTEMPT: Duration = Duration::from_secs(10);
/// A read with all its tries.
const OPERATION: Duration = Duration::from_secs(30);
/// A change: its one try, and two seconds for credentials that have to be renewed first.
const CHANGE: Duration = Duration::from_secs(12);
/// The longest time between a change being handed to this crate and its arrival at AWS: that of a change with its turn (5 s)
/// and its call (12 s), or that of a call on an object with all its tries (40 s), which waits for no turn. A takeover grace
/// must not be shorter (DESIGN.md section 8, point 3).
pub const LONGEST_IN_FLIGHT: Duration = {
    let turn_and_call = Duration::from_secs(LONGEST_WAIT_OF_A_CHANGE.as_secs() + CHANGE.as_secs());
    if turn_and_call.as_secs() > site::OPERATION.as_secs() { turn_and_call } else { site::OPERATION }
};
/// Taking a role: two tries of STS and the way there.
const TAKE_ROLE: Duration = Duration::from_secs(20);

/// An emulator to talk to instead of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it listens, for example `http://127.0.0.1:4566`.
    pub url: String,
}

impl Endpoint {
    /// The account that the controller itself is in, at an emulator.
    pub const OWN_ACCOUNT: &'static str = "000000000000";

    /// The credentials of an account: emulators take the access key for the account.
    fn credentials(account: &str) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Credentials::new(account, "emulator", None, None, "emulator"))
    }
}

/// The way into every place. Clones share everything.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The controller's own configuration: its credentials, and the one HTTP client.
    base: SdkConfig,
    identity: Option<String>,
    endpoint: Option<Endpoint>,
    places: Mutex<HashMap<Place, Arc<PlaceClients>>>,
    /// What the controller reads with its own credentials, by region.
    ourselves: Mutex<HashMap<Region, Arc<OwnClients>>>,
}

/// The clients of one place, and what was learned of it.
#[derive(Debug)]
pub(crate) struct PlaceClients {
    pub(crate) ecs_reads: aws_sdk_ecs::Client,
    pub(crate) ecs_changes: aws_sdk_ecs::Client,
    pub(crate) ssm_reads: aws_sdk_ssm::Client,
    pub(crate) ssm_changes: aws_sdk_ssm::Client,
    pub(crate) ecr_reads: aws_sdk_ecr::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    /// The account that the credentials are for, once STS said so and it is the right one.
    pub(crate) caller: OnceCell<AccountId>,
    /// Whether this endpoint knows service deployments, once that is known.
    pub(crate) knows_service_deployments: OnceCell<bool>,
    /// The task definition of a service revision never changes.
    pub(crate) revisions: Mutex<HashMap<String, TaskDefArn>>,
    /// Made at the first use: most places have no site.
    site: OnceLock<SiteClients>,
    config: SdkConfig,
    place: Place,
    emulated: bool,
}

impl Accounts {
    /// Connects with the credentials that the environment gives (task role, profile, variables). `identity` is what
    /// CloudTrail shows of us: the controller's name.
    ///
    /// Nothing is called until the first use.
    pub async fn connect(identity: Option<String>) -> Self {
        let base = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(https())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard())
            .load()
            .await;
        Self::over(base, identity, None)
    }

    /// Connects to an emulator, whatever the environment says.
    #[must_use]
    pub fn at(endpoint: Endpoint, identity: Option<String>) -> Self {
        // Certificates are looked for only where they are needed: a machine without any can still run an emulator.
        let http = if endpoint.url.starts_with("http://") { Builder::new().build_http() } else { https() };
        Self::at_with(endpoint, identity, http)
    }

    pub(crate) fn at_with(endpoint: Endpoint, identity: Option<String>, http: SharedHttpClient) -> Self {
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(Endpoint::credentials(Endpoint::OWN_ACCOUNT))
            .identity_cache(identities())
            .endpoint_url(&endpoint.url)
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard())
            .build();
        Self::over(base, identity, Some(endpoint))
    }

    fn over(base: SdkConfig, identity: Option<String>, endpoint: Option<Endpoint>) -> Self {
        let (places, ourselves) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { base, identity, endpoint, places, ourselves }))
    }

    /// Whether this is an emulator.
    pub(crate) fn is_emulated(&self) -> bool {
        self.0.endpoint.is_some()
    }

    /// The region that the environment gives.
    pub(crate) fn region(&self) -> Option<Region> {
        Region::parse(self.0.base.region()?.to_string()).ok()
    }

    /// The clients that speak with the controller's own credentials.
    pub(crate) fn ourselves(&self, region: &Region) -> Arc<OwnClients> {
        let mut ourselves = self.0.ourselves.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(OwnClients::new(&self.own(region), region, self.is_emulated()));
        Arc::clone(ourselves.entry(region.clone()).or_insert_with(make))
    }

    /// The clients of a place.
    pub(crate) fn clients(&self, place: &Place) -> Arc<PlaceClients> {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = places.get(place) {
            return Arc::clone(clients);
        }
        let clients = Arc::new(self.build(place));
        places.insert(place.clone(), Arc::clone(&clients));
        clients
    }

    /// The table is in the controller's own account.
    pub(crate) fn table_client(&self, region: &Region) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.own(region))
    }

    fn own(&self, region: &Region) -> SdkConfig {
        self.0.base.to_builder().region(aws_sdk_ecs::config::Region::new(region.to_string())).build()
    }

    fn build(&self, place: &Place) -> PlaceClients {
        let own = self.own(&place.region);
        let config = match (&place.role, &self.0.endpoint) {
            (Some(role), _) => {
                let sts = aws_sdk_sts::Client::new(&own);
                let provider = AssumedRole::new(sts, role.clone(), self.0.identity.as_deref());
                // One cache for all clients of the place, so that a role is taken once and not once per service.
                let provider = SharedCredentialsProvider::new(provider);
                own.into_builder().credentials_provider(provider).identity_cache(identities()).build()
            }
            (None, Some(_)) => {
                own.into_builder().credentials_provider(Endpoint::credentials(place.account.as_str())).build()
            }
            (None, None) => own,
        };
        PlaceClients::new(config, place, self.is_emulated())
    }
}

impl PlaceClients {
    fn new(config: SdkConfig, place: &Place, emulated: bool) -> Self {
        let timeouts = timeouts().to_builder().operation_timeout(CHANGE).build();
        let once = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        // The SDK's retry budget is one per service and region for the whole process; one throttled account would use up
        // everybody's (aws-facts.md).
        let partition = |service: &str| {
            let Place { account, region, role: _ } = place;
            RetryPartition::custom(format!("{service}-{account}-{region}")).build()
        };
        let ecs = aws_sdk_ecs::config::Builder::from(&config).retry_partition(partition("ecs")).build();
        let ssm = aws_sdk_ssm::config::Builder::from(&config).retry_partition(partition("ssm")).build();
        let ecr = aws_sdk_ecr::config::Builder::from(&config).retry_partition(partition("ecr")).build();
        let sts = aws_sdk_sts::config::Builder::from(&config).retry_partition(partition("sts")).build();
        Self {
            ecs_reads: aws_sdk_ecs::Client::from_conf(ecs),
            ecs_changes: aws_sdk_ecs::Client::new(&once),
            ssm_reads: aws_sdk_ssm::Client::from_conf(ssm),
            ssm_changes: aws_sdk_ssm::Client::new(&once),
            ecr_reads: aws_sdk_ecr::Client::from_conf(ecr),
            sts: aws_sdk_sts::Client::from_conf(sts),
            caller: OnceCell::new(),
            knows_service_deployments: OnceCell::new(),
            revisions: Mutex::default(),
            site: OnceLock::new(),
            config,
            place: place.clone(),
            emulated,
        }
    }

    /// The clients for buckets and distributions.
    pub(crate) fn site(&self) -> &SiteClients {
        let Self { config, place, emulated, .. } = self;
        self.site.get_or_init(|| SiteClients::new(config, place, *emulated))
    }
}

/// Without these, one hung socket stops a target for ever: the SDK has none of its own beyond connecting.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn identities() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(TAKE_ROLE).build()
}

fn https() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https()
}
