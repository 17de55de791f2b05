//! A laboratory for a static site: a bucket and a distribution in a simulated AWS, releases called by letters, and the
//! controllers of [`crate::lab`].

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use driftless_domain::{
    Actor, BucketName, DistributionId, EnvName, ObjectKey, Place, Reason, Sha256, SiteBinding, Status, Tag, Target,
};
use driftless_reconcile::{Controller, Ended, Settings, Sole, once};
use driftless_releases::{
    DeployRequest, Deployed, Event, ReadRecords as _, SiteAnnouncement, announce_site, apply_spec, deploy,
};
use driftless_sim::{Call, Faults, MemoryStore, SimClock, World};
use zip::write::SimpleFileOptions;

use crate::lab::{RESYNC, tag};

/// One site, `docs`, in one simulated world.
#[derive(Clone)]
pub struct SiteLab {
    /// The time.
    pub clock: SimClock,
    /// The AWS.
    pub world: World,
    /// The records, as the controller reaches them.
    pub store: MemoryStore,
    /// The records, as the API reaches them.
    pub api: MemoryStore,
    /// The world, as the API reaches it: its calls are neither counted nor broken.
    pub outside: World,
    /// The site's spec.
    pub spec: driftless_spec::AppSpec,
}

/// The spec of the site in one environment `dev`; old files are kept for an hour.
pub const SPEC: &str = r#"apiVersion: driftless/v1
kind: static-site
app: docs
artifacts:
  bucket: shared-builds
environments:
  - name: dev
    account: "111111111111"
    region: eu-west-1
    bucket: docs-dev
    distribution: E2EXAMPLE1ABCD
    keep: 1h
"#;

/// The same without a distribution, under a prefix of a shared bucket.
pub const SPEC_WITH_PREFIX: &str = r#"apiVersion: driftless/v1
kind: static-site
app: docs
artifacts:
  bucket: shared-builds
environments:
  - name: dev
    account: "111111111111"
    region: eu-west-1
    bucket: docs-dev
    prefix: manual
    keep: 1h
"#;

/// The files of the build that is called by a letter: a vendor script that all share, a script, a style sheet and a picture
/// of its own, pages that refer to them, and one page that only this build has.
#[must_use]
pub fn files(letter: char) -> Vec<(String, Vec<u8>)> {
    let upper = letter.to_ascii_uppercase();
    let script = format!("assets/app-{upper}b3dEf9K.js");
    let style = format!("assets/style-{upper}k8sQ2vZ.css");
    let photo = format!("assets/photo-{upper}x7wP4mJ.png");
    let page = |up: &str, title: &str| {
        format!(
            "<!doctype html><title>{title} {letter}</title><link rel=stylesheet href={up}{style}>\
             <link rel=manifest href={up}site.webmanifest><script src={up}assets/vendor-B1c2D3e4.js></script>\
             <script type=module src={up}{script}></script><img src={up}logo.svg><img srcset=\"{up}{photo} 2x\">\
             <a href={up}index.html>home</a><a href={up}only-{letter}.html>only</a>"
        )
    };
    let script_text = format!("console.log('{letter}')");
    vec![
        ("assets/vendor-B1c2D3e4.js".to_owned(), b"export const vendor = 1".to_vec()),
        (script.clone(), script_text.into_bytes()),
        (style.clone(), format!("body {{ --release: {letter} }}").into_bytes()),
        (photo.clone(), vec![letter as u8; 3000]),
        ("data.json".to_owned(), format!("{{\"release\":\"{letter}\"}}").into_bytes()),
        ("docs/index.html".to_owned(), page("../", "docs").into_bytes()),
        ("index.html".to_owned(), page("", "home").into_bytes()),
        ("logo.svg".to_owned(), b"<svg/>".to_vec()),
        (format!("only-{letter}.html"), page("", "only").into_bytes()),
        ("site.webmanifest".to_owned(), format!("{{\"name\":\"{letter}\"}}").into_bytes()),
    ]
}

/// A zip of these files.
#[must_use]
pub fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(path.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

impl SiteLab {
    /// The site with its bucket and distribution there.
    pub async fn new(seed: u64) -> Self {
        Self::with(seed, SPEC).await
    }

    /// The site with another spec.
    pub async fn with(seed: u64, text: &str) -> Self {
        let clock = SimClock::new();
        let world = World::new(seed, clock.clone());
        let store = MemoryStore::beside(&world);
        let outsider = Faults::new(seed);
        let api = store.acting_as("api", &outsider);
        let outside = world.acting_as("api", &outsider);
        let spec = driftless_spec::parse(text, driftless_spec::Strictness::Strict).unwrap().spec;
        apply_spec(&api, &spec.app, text, None, actor(), clock.now()).await.unwrap();
        let lab = Self { clock, world, store, api, outside, spec };
        let place = lab.place();
        let bound = lab.bound();
        lab.world.create_build_bucket(&place, &builds());
        lab.world.create_bucket(&place, &bound.bucket);
        if let Some(prefix) = &bound.prefix {
            lab.world.site_root(&bound.bucket, prefix);
        }
        if let Some(distribution) = &bound.distribution {
            lab.world.create_distribution(&place, distribution);
        }
        lab.world.clear_history();
        lab.world.reset_counts();
        lab
    }

    /// Where the environment is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.spec.binding(&env()).unwrap().place
    }

    /// What the site is bound to.
    #[must_use]
    pub fn bound(&self) -> SiteBinding {
        self.spec.binding(&env()).unwrap().site.unwrap()
    }

    /// The website bucket.
    #[must_use]
    pub fn bucket(&self) -> BucketName {
        self.bound().bucket
    }

    /// The distribution.
    #[must_use]
    pub fn distribution(&self) -> DistributionId {
        self.bound().distribution.unwrap()
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::new(self.spec.app.clone(), env())
    }

    /// Applies another text of the spec.
    pub async fn apply(&mut self, text: &str) {
        apply_spec(&self.api, &self.spec.app, text, None, actor(), self.clock.now()).await.unwrap();
        self.spec = driftless_spec::parse(text, driftless_spec::Strictness::Strict).unwrap().spec;
    }

    /// Uploads and announces the build that is called by a letter.
    pub async fn announce(&self, letter: char) {
        self.announce_files(&tag(letter), &files(letter)).await;
    }

    /// Uploads and announces a build of these files.
    pub async fn announce_files(&self, tag: &Tag, files: &[(String, Vec<u8>)]) {
        let zip = zip_of(files);
        let key = ObjectKey::parse(format!("builds/docs/{tag}.zip")).unwrap();
        let request = SiteAnnouncement {
            app: self.spec.app.clone(),
            tag: tag.clone(),
            key: Some(key.clone()),
            version: None,
            sha256: Sha256::of(&zip),
            git_sha: None,
            branch: None,
            by: actor(),
            at: self.clock.now(),
        };
        if self.api.artifact(&self.spec.app, tag).await.unwrap().as_valid().is_none() {
            self.world.upload_build(&builds(), &key, zip);
        }
        announce_site(&self.api, &self.outside, request).await.unwrap();
    }

    /// Announces the build that is called by a letter, and asks for it.
    pub async fn deploy(&self, letter: char) -> Deployed {
        self.announce(letter).await;
        self.ask_for(&tag(letter)).await
    }

    /// Asks for an announced build.
    pub async fn ask_for(&self, tag: &Tag) -> Deployed {
        let request = DeployRequest {
            target: self.target(),
            tag: tag.clone(),
            expected: None,
            by: actor(),
            reason: Reason::parse("a test asks for it").unwrap(),
            at: self.clock.now(),
        };
        deploy(&self.api, request).await.unwrap()
    }

    /// A controller, as a new process.
    #[must_use]
    pub fn controller(&self) -> Controller {
        let settings = Settings { holder: "lab".to_owned(), resync: RESYNC, seed: 7 };
        let (world, store) = (Arc::new(self.world.clone()), Arc::new(self.store.clone()));
        Controller::new(store, world.clone(), world, Arc::new(self.clock.clone()), Arc::new(Sole), settings)
    }

    /// Runs a controller for a stretch of virtual time. When it crashes, a new one is started.
    pub async fn run_for(&self, time: Duration) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let faults = self.world.faults().clone();
        let alarm = tokio::time::sleep(time);
        tokio::pin!(alarm);
        loop {
            tokio::select! {
                _ = self.controller().run(stopped.clone()) => panic!("the controller ended by itself"),
                () = faults.crashed() => faults.restart(),
                () = &mut alarm => break,
            }
        }
        drop(stop);
    }

    /// One `reconcile --once` by a new process.
    pub async fn once(&self) -> Vec<Ended> {
        once(&self.controller(), None).await.unwrap()
    }

    /// The status.
    pub async fn status(&self) -> Status {
        let loaded = self.api.load(&[self.target()]).await.unwrap();
        loaded.into_iter().next().and_then(|one| one.status.valid()).map(|status| status.record).unwrap()
    }

    /// The history, oldest first.
    pub async fn events(&self) -> Vec<Event> {
        let mut events = self.api.history(&self.target(), 1000).await.unwrap();
        events.reverse();
        events
    }

    /// What is really in the bucket, by key.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Bytes> {
        self.world.objects(&self.bucket()).into_iter().map(|(key, object)| (key, object.body)).collect()
    }

    /// Our calls that changed something and took effect: operation and object.
    #[must_use]
    pub fn changes(&self) -> Vec<(String, String)> {
        let took = |call: &Call| match &call.outcome {
            driftless_sim::Outcome::Done => true,
            driftless_sim::Outcome::Failed { took_effect, .. } => *took_effect,
        };
        let live = |call: &Call| call.actor == "driftless" && call.writes && !call.operation.starts_with("dynamodb");
        let calls = self.world.history().into_iter().filter(|call| live(call) && took(call));
        calls.map(|call| (call.operation.to_owned(), call.object)).collect()
    }

    /// What is wrong with the end of a history that should serve these files, in words.
    pub async fn faults_of(&self, wanted: &Tag, files: &[(String, Vec<u8>)], foreign: &[&str]) -> Vec<String> {
        let mut wrong = self.world.violations();
        let status = self.status().await;
        if status.plan != "converged" {
            wrong.push(format!("the plan is {:?}: {}", status.plan, status.reason));
        }
        if status.converged.as_ref().map(|one| &one.tag) != Some(wanted) {
            wrong.push(format!("converged: {:?}", status.converged));
        }
        let prefix = self.bound().prefix.map_or_else(String::new, |prefix| prefix.to_string());
        let contents = self.contents();
        let artifact = self.api.artifact(&self.spec.app, wanted).await.unwrap().valid().unwrap();
        let build = artifact.content.site().unwrap();
        let manifest = self.api.manifest(&self.spec.app, &build.manifest).await.unwrap().valid().unwrap();
        for (path, content) in files {
            let key = format!("{prefix}{path}");
            match contents.get(&key) {
                None => wrong.push(format!("{key} is not there")),
                Some(body) if body != content => wrong.push(format!("{key} has other content")),
                Some(_) => {
                    let file = manifest.get(&path.parse().unwrap()).unwrap();
                    let headers = self.world.object(&self.bucket(), &key).unwrap().headers;
                    if headers != (&file.headers).into() {
                        wrong.push(format!("{key} is served with {headers:?}"));
                    }
                }
            }
        }
        for key in foreign {
            if !contents.contains_key(*key) {
                wrong.push(format!("{key}, which is not ours, is gone"));
            }
        }
        let parameter = self.world.parameter(&self.place(), &self.bound().parameter);
        if parameter.as_deref() != Some(build.key.as_str()) {
            wrong.push(format!("the parameter says {parameter:?}"));
        }
        if self.world.unfinished_uploads(&self.bucket()) > 0 {
            wrong.push("an upload in parts was neither finished nor given up".to_owned());
        }
        wrong
    }

    /// Fails the test unless the site serves the build as it should.
    pub async fn assert_serves(&self, letter: char, foreign: &[&str], context: &str) {
        let wrong = self.faults_of(&tag(letter), &files(letter), foreign).await;
        assert!(wrong.is_empty(), "{context}: {wrong:#?}");
    }
}

fn builds() -> BucketName {
    BucketName::parse("shared-builds").unwrap()
}

fn env() -> EnvName {
    EnvName::parse("dev").unwrap()
}

fn actor() -> Actor {
    Actor::parse("ci").unwrap()
}
