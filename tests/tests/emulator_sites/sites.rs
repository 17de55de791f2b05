//! An app `docs` in the emulator: a versioned artifact bucket in the controller's account, a versioned website bucket and a
//! distribution for each environment, records in DynamoDB, a controller over all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use driftless_aws::{Aws, CallCounter, DeletionProtection, DynamoStore, Endpoint, Kind};
use driftless_domain::{
    Actor, AppName, Artifact, Manifest, Place, Reason, Region, Sha256, Status, Tag, Target, VersionId,
};
use driftless_reconcile::{Controller, Ended, Settings, Sole, once};
use driftless_releases::{DeployRequest, ReadRecords as _, SiteAnnouncement, announce_site, apply_spec, deploy};
use driftless_sim::SimClock;
use driftless_spec::{Strictness, parse};
use driftless_tests::emulator::{Emulator, Mode, place};
use driftless_tests::site_zip::{Files, zip_of};

use crate::objects::{Http, Served, Versions};

/// The account of the website buckets.
const ACCOUNT: &str = "111111111111";
/// Where builds lie, in the controller's own account.
const BUILDS: &str = "shared-builds";

/// An environment: its name, and the part of its bucket that is ours.
pub(crate) type Env = (&'static str, Option<&'static str>);

pub(crate) struct Sites {
    pub(crate) emulator: Emulator,
    pub(crate) store: DynamoStore,
    pub(crate) aws: Aws,
    pub(crate) calls: CallCounter,
    pub(crate) clock: SimClock,
    http: Http,
    distributions: BTreeMap<&'static str, String>,
}

/// How often each operation was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calls(BTreeMap<(&'static str, Kind), u64>);

impl Sites {
    pub(crate) async fn open(envs: &[Env]) -> Self {
        let emulator = Emulator::start(Mode::AtOnce).await;
        let http = Http::to(&emulator);
        http.make_bucket(&own_place(), BUILDS).await;
        let mut distributions = BTreeMap::new();
        for (env, _) in envs {
            http.make_bucket(&place(ACCOUNT).unwrap(), &bucket(env)).await;
            distributions.insert(*env, make_distribution(&emulator, env).await);
        }
        let region = Region::parse("eu-west-1").unwrap();
        let store = DynamoStore::connect(&emulator.accounts(), &region, "driftless", CallCounter::default());
        store.bootstrap(DeletionProtection::Off).await.unwrap();
        let calls = CallCounter::default();
        let aws = Aws::new(emulator.accounts(), calls.clone()).unlimited();
        let clock = SimClock::start_at("2026-11-22T00:00:00Z".parse().unwrap());
        let text = spec_text(envs, &distributions);
        let spec = parse(&text, Strictness::Strict).unwrap().spec;
        apply_spec(&store, &spec.app, &text, None, actor(), clock.now()).await.unwrap();
        Self { emulator, store, aws, calls, clock, http, distributions }
    }

    /// Uploads the zip of these files as a build job does, and announces it.
    pub(crate) async fn announce(&self, tag: &str, files: &Files) -> Manifest {
        let zip = zip_of(files).unwrap();
        let sha256 = Sha256::of(&zip);
        let version = self.http.put(&own_place(), BUILDS, &format!("builds/docs/{tag}.zip"), zip).await;
        let request = SiteAnnouncement {
            app: app(),
            tag: Tag::parse(tag).unwrap(),
            key: None,
            version: Some(VersionId::parse(version).unwrap()),
            sha256,
            git_sha: None,
            branch: None,
            by: actor(),
            at: self.clock.now(),
        };
        // With counts of its own: only the controller's calls are counted.
        let builds = self.emulator.aws().unlimited();
        announce_site(&self.store, &builds, request).await.unwrap();
        self.manifest(tag).await
    }

    /// The stored manifest of an announced build.
    pub(crate) async fn manifest(&self, tag: &str) -> Manifest {
        let artifact: Artifact = self.store.artifact(&app(), &Tag::parse(tag).unwrap()).await.unwrap().valid().unwrap();
        let digest = &artifact.content.site().unwrap().manifest;
        self.store.manifest(&app(), digest).await.unwrap().valid().unwrap()
    }

    /// Asks for an announced build.
    pub(crate) async fn ask_for(&self, env: &str, tag: &str) {
        let request = DeployRequest {
            target: target(env),
            tag: Tag::parse(tag).unwrap(),
            expected: None,
            by: actor(),
            reason: Reason::parse("a test asks for it").unwrap(),
            at: self.clock.now(),
        };
        deploy(&self.store, request).await.unwrap();
    }

    /// Asks for an announced build and takes it live.
    pub(crate) async fn deploy(&self, controller: &Controller, env: &str, tag: &str) {
        self.ask_for(env, tag).await;
        self.resync(controller, env).await;
    }

    /// One `reconcile --once` of one environment, after which it is what it should be.
    pub(crate) async fn resync(&self, controller: &Controller, env: &str) {
        let ended: Vec<Ended> = once(controller, Some(vec![target(env)])).await.unwrap();
        assert_eq!(ended.iter().map(|one| one.plan.as_str()).collect::<Vec<_>>(), ["converged"], "{ended:#?}");
    }

    pub(crate) fn controller(&self) -> Controller {
        // An hour: nothing is looked at again unless somebody asks.
        let settings = Settings { holder: "test".to_owned(), resync: Duration::from_secs(3600), seed: 1 };
        let aws = Arc::new(self.aws.clone());
        let clock = Arc::new(self.clock.clone());
        Controller::new(Arc::new(self.store.clone()), aws.clone(), aws, clock, Arc::new(Sole), settings)
    }

    pub(crate) async fn status(&self, env: &str) -> Status {
        let loaded = self.store.load(&[target(env)]).await.unwrap();
        loaded.into_iter().next().unwrap().status.valid().unwrap().record
    }

    /// The AWS CLI in the account of the website buckets.
    pub(crate) async fn aws_cli(&self, arguments: &[&str]) -> serde_json::Value {
        self.emulator.aws_cli(&place(ACCOUNT).unwrap(), arguments).await.unwrap()
    }

    pub(crate) async fn get(&self, env: &str, key: &str) -> Served {
        self.http.get(&place(ACCOUNT).unwrap(), &bucket(env), key).await
    }

    pub(crate) async fn versions(&self, env: &str) -> Versions {
        Versions::of(&self.emulator, &place(ACCOUNT).unwrap(), &bucket(env)).await
    }

    pub(crate) async fn parameter(&self, env: &str) -> String {
        let name = format!("/docs/{env}/artifact-key");
        let answer = self.aws_cli(&["ssm", "get-parameter", "--name", &name]).await;
        answer["Parameter"]["Value"].as_str().unwrap().to_owned()
    }

    /// The paths of each invalidation of an environment's distribution, oldest first.
    pub(crate) async fn invalidations(&self, env: &str) -> Vec<Vec<String>> {
        let id = &self.distributions[env];
        let list = self.aws_cli(&["cloudfront", "list-invalidations", "--distribution-id", id]).await;
        let mut all = Vec::new();
        for one in list["InvalidationList"]["Items"].as_array().cloned().unwrap_or_default() {
            let one = one["Id"].as_str().unwrap();
            let arguments = ["cloudfront", "get-invalidation", "--distribution-id", id, "--id", one];
            let answer = self.aws_cli(&arguments).await;
            let paths = answer["Invalidation"]["InvalidationBatch"]["Paths"]["Items"].as_array().cloned().unwrap();
            all.push(paths.iter().map(|path| path.as_str().unwrap().to_owned()).collect());
        }
        all
    }

    pub(crate) fn calls(&self) -> Calls {
        Calls(self.calls.by_operation().into_iter().map(|(operation, counts)| (operation, counts.calls)).collect())
    }

    /// The calls of one kind that were sent since.
    pub(crate) fn since(&self, before: &Calls, kind: Kind) -> BTreeMap<&'static str, u64> {
        let now = self.calls().0.into_iter().filter(|((_, of), _)| *of == kind);
        now.map(|(operation, calls)| (operation.0, calls - before.0.get(&operation).copied().unwrap_or_default()))
            .filter(|(_, calls)| *calls > 0)
            .collect()
    }
}

/// The website bucket of an environment.
pub(crate) fn bucket(env: &str) -> String {
    format!("acme-docs-{env}")
}

pub(crate) fn target(env: &str) -> Target {
    Target::parse(&format!("docs/{env}")).unwrap()
}

fn app() -> AppName {
    AppName::parse("docs").unwrap()
}

pub(crate) fn actor() -> Actor {
    Actor::parse("ci").unwrap()
}

fn own_place() -> Place {
    place(Endpoint::OWN_ACCOUNT).unwrap()
}

fn spec_text(envs: &[Env], distributions: &BTreeMap<&'static str, String>) -> String {
    let mut text = format!(
        "apiVersion: driftless/v1\nkind: static-site\napp: docs\nartifacts: {{bucket: {BUILDS}, region: eu-west-1}}\n\
         environments:\n"
    );
    for (env, prefix) in envs {
        let (bucket, distribution) = (bucket(env), &distributions[env]);
        writeln!(
            text,
            "  - name: {env}\n    account: \"{ACCOUNT}\"\n    region: eu-west-1\n    bucket: {bucket}\n    \
             distribution: {distribution}"
        )
        .unwrap();
        if let Some(prefix) = prefix {
            writeln!(text, "    prefix: {prefix}").unwrap();
        }
    }
    text
}

async fn make_distribution(emulator: &Emulator, env: &str) -> String {
    let origin = format!("{}.s3.eu-west-1.amazonaws.com", bucket(env));
    let arguments = ["cloudfront", "create-distribution", "--origin-domain-name", &origin];
    let answer = emulator.aws_cli(&place(ACCOUNT).unwrap(), &arguments).await.unwrap();
    answer["Distribution"]["Id"].as_str().unwrap().to_owned()
}
