//! Driftless itself: the daemon as it is shipped, told to reconcile one app and to end. What CI and people do before that
//! (the spec, the upload of the zip, its announcement) happens before the clock starts, through the library.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use tokio::sync::Mutex;

use driftless_aws::{Accounts, Aws, CallCounter, DynamoStore, Endpoint};
use driftless_domain::{Actor, AppName, Region, Sha256, Tag};
use driftless_releases::{SiteAnnouncement, announce_site, apply_spec};

use super::measure::{Run, measure};
use super::tool::{ACCOUNT, Job, REGION, Scenario, Tool};
use crate::s3::{Conditions, Kind, Object, Stopwatch, now};

/// The bucket that CI uploads builds to.
const BUILDS: &str = "builds-of-the-bench";
const TABLE: &str = "driftless";

/// The daemon.
#[derive(Debug)]
pub(crate) struct Driftless {
    daemon: PathBuf,
    /// The apps whose spec was applied; the first one makes the table as well.
    known: Mutex<HashSet<String>>,
}

impl Driftless {
    pub(crate) fn new(daemon: PathBuf) -> Self {
        Self { daemon, known: Mutex::default() }
    }

    fn daemon(&self, job: &Job<'_>, words: &[&str]) -> Result<Run> {
        let home = job.home.to_str().context("the folder's name is not text")?.to_owned();
        let variables = vec![
            ("DRIFTLESS_ENDPOINT", job.server.endpoint()),
            ("DRIFTLESS_TABLE", TABLE.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("HOME", home),
        ];
        let arguments = words.iter().map(ToString::to_string).collect();
        Ok(Run { program: self.daemon.clone(), arguments, variables })
    }

    /// The table, and the spec of an app that is new.
    async fn introduce(&self, job: &Job<'_>, store: &DynamoStore, app: &AppName, at: Timestamp) -> Result<()> {
        let mut known = self.known.lock().await;
        if known.is_empty() {
            let bootstrap = self.daemon(job, &["bootstrap", "--no-deletion-protection"])?;
            measure(&bootstrap, &job.home.join("bootstrap.txt")).await?;
            job.server.store().make_bucket(BUILDS, Kind::Versioned);
        }
        if known.insert(app.to_string()) {
            let document = format!(
                "apiVersion: driftless/v1\nkind: static-site\napp: {app}\n\
                 artifacts: {{bucket: {BUILDS}, account: \"{ACCOUNT}\", region: {REGION}}}\n\
                 environments:\n  - name: live\n    account: \"{ACCOUNT}\"\n    region: {REGION}\n    \
                 bucket: {}\n    autoDeploy: true\n",
                job.bucket
            );
            apply_spec(store, app, &document, None, Actor::parse("bench")?, at).await.context("apply the spec")?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Tool for Driftless {
    fn name(&self) -> &'static str {
        "driftless"
    }

    async fn prepare(&self, job: &Job<'_>) -> Result<Option<f64>> {
        if job.scenario == Scenario::NoChange {
            return Ok(None);
        }
        let at = Timestamp::try_from(now())?;
        let accounts = Accounts::at(Endpoint { url: job.server.endpoint() }, None);
        let region = Region::parse(REGION)?;
        let store = DynamoStore::connect(&accounts, &region, TABLE, CallCounter::default());
        let aws = Aws::new(accounts, CallCounter::default()).in_region(region);
        let app = AppName::parse(job.bucket)?;
        self.introduce(job, &store, &app, at).await?;

        let tag = Tag::parse(job.build.release.name)?;
        let (zip, sha256) = (job.build.zip.clone(), Sha256::of(&job.build.zip));
        let key = format!("builds/{app}/{tag}.zip");
        let uploaded =
            job.server.store().put(None, BUILDS, &key, Object::of(zip, sha256.to_string()), &Conditions::default());
        uploaded.context("upload the zip")?;
        let by = Actor::parse("bench")?;
        let request =
            SiteAnnouncement { app, tag, key: None, version: None, sha256, git_sha: None, branch: None, by, at };
        let watch = Stopwatch::start();
        let announced = announce_site(&store, &aws, request).await.context("announce the build")?;
        if let [(env, why), ..] = &*announced.not_deployed {
            bail!("{env} does not take it: {why}");
        }
        Ok(Some(watch.elapsed().as_secs_f64()))
    }

    fn run(&self, job: &Job<'_>) -> Result<Run> {
        self.daemon(job, &["reconcile", "--once", "--app", job.bucket])
    }
}
