//! A small site to plan for: bucket, distribution and parameter, releases called by letters, and hands to change what was
//! seen. What a plan says is carried out on the same values, as `execute` and the journal would.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use driftless_domain::{
    AccountId, Binding, BucketName, DesiredRelease, DistributionId, ETag, EarlierFiles, Effective, FileClass,
    Generation, Headers, HealPolicy, Invalidation, InvalidationState, ListedObject, Listing, Manifest, ObjectHead,
    ObjectKey, Observed, ObservedSite, Packed, Packing, ParameterName, ParameterValue, Place, Region, Release, Seen,
    Sha256, SiteBinding, SiteBuild, SiteFile, SiteFiles, SiteMemory, SitePath, Tag, Target, VersionId,
};
use driftless_plan::{Action, Plan, fold, plan};
use expect_test::Expect;

use crate::world::noon;

/// A file: its path, and a word for its content.
pub(crate) type File<'a> = (&'a str, &'a str);

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

pub(crate) fn etag(content: &str) -> ETag {
    ETag::parse(format!("etag-{content}")).unwrap()
}

fn headers_of(path: &str) -> (FileClass, Headers) {
    let (class, content_type, cache_control) = match path.rsplit('.').next().unwrap() {
        "html" => (FileClass::Page, "text/html; charset=utf-8", "max-age=0, must-revalidate"),
        "json" => (FileClass::Page, "application/json", "max-age=0, must-revalidate"),
        "private" => (FileClass::Other, "text/plain", "no-store"),
        "js" => (FileClass::Asset, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        _ => (FileClass::Other, "image/png", "public, max-age=3600"),
    };
    let headers = Headers {
        content_type: content_type.to_owned(),
        cache_control: cache_control.to_owned(),
        content_encoding: None,
    };
    (class, headers)
}

pub(crate) fn manifest(files: &[File<'_>]) -> Arc<Manifest> {
    let mut files: Vec<Arc<SiteFile>> = files
        .iter()
        .map(|(path, content)| {
            let (class, headers) = headers_of(path);
            Arc::new(SiteFile {
                path: SitePath::parse(*path).unwrap(),
                size: 1000,
                sha256: Sha256::of(content.as_bytes()),
                etag: etag(content),
                parts_checksum: None,
                headers,
                class,
                packed: Packed { at: 0, size: 1, method: Packing::Stored },
            })
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Arc::new(Manifest { files })
}

fn build(manifest: &Manifest) -> SiteBuild {
    SiteBuild {
        place: place(),
        bucket: BucketName::parse("shared-builds").unwrap(),
        key: key(&format!("builds/shop/{}.zip", &manifest.digest().unwrap().as_str()[7..14])),
        version: VersionId::parse("v1").unwrap(),
        sha256: Sha256::of(b"zip"),
        size: 10,
        manifest: manifest.digest().unwrap(),
        files: u32::try_from(manifest.files.len()).unwrap(),
        bytes: manifest.bytes(),
    }
}

fn place() -> Place {
    Place {
        account: AccountId::parse("111111111111").unwrap(),
        region: Region::parse("eu-west-1").unwrap(),
        role: None,
    }
}

/// A site target and what was seen of it.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) desired: DesiredRelease,
    pub(crate) observed: Observed,
}

impl Site {
    /// A site that should have these files, in front of an empty bucket.
    pub(crate) fn wanting(files: &[File<'_>]) -> Self {
        let manifest = manifest(files);
        let build = build(&manifest);
        let release = Release {
            generation: Generation(3),
            tag: Tag::parse("sha-bbb").unwrap(),
            images: std::collections::BTreeMap::new(),
            site: Some(build.clone()),
        };
        let desired = DesiredRelease {
            target: Target::parse("shop/dev").unwrap(),
            generation: Generation(3),
            effective: Effective::Wanted(release),
            rejected: None,
            attempt: None,
            binding: Binding {
                place: place(),
                services: Vec::new(),
                site: Some(SiteBinding {
                    bucket: BucketName::parse("shop-dev").unwrap(),
                    prefix: None,
                    distribution: Some(DistributionId::parse("E2EXAMPLE1ABCD").unwrap()),
                    origin_path: None,
                    parameter: ParameterName::parse("/shop/dev/artifact-key").unwrap(),
                    keep: Duration::from_secs(3600),
                }),
                rollout_deadline: Duration::from_secs(1800),
                heal: HealPolicy::Auto,
            },
            files: Some(SiteFiles {
                build: Arc::new(build),
                manifest,
                settled: None,
                previous: None,
                earlier: Vec::new(),
                every_header: false,
                memory: SiteMemory::default(),
            }),
        };
        let observed = Observed {
            at: noon(),
            services: Vec::new(),
            site: Some(ObservedSite {
                parameter: Seen::Absent,
                listing: Seen::Known(Listing::default()),
                invalidation: Seen::Absent,
            }),
        };
        Self { desired, observed }
    }

    /// A site that has these files, all in order.
    pub(crate) fn having(files: &[File<'_>]) -> Self {
        let mut site = Self::wanting(files);
        site.files().settled = Some(manifest(files));
        for (path, content) in files {
            site.put(path, content);
        }
        let to = site.files().build.key.to_string();
        site.seen().parameter = Seen::Known(ParameterValue { value: to, version: 1 });
        site
    }

    /// The same target with other files wanted; what it has stays what it has.
    pub(crate) fn now_wanting(mut self, files: &[File<'_>]) -> Self {
        let before = self.files().clone();
        let wanted = Self::wanting(files);
        self.desired = DesiredRelease { generation: Generation(4), ..wanted.desired };
        let files = self.files();
        files.settled = before.settled;
        files.previous = Some(before.manifest);
        files.earlier = before.earlier;
        files.memory = before.memory;
        self
    }

    pub(crate) fn files(&mut self) -> &mut SiteFiles {
        self.desired.files.as_mut().unwrap()
    }

    pub(crate) fn bound(&mut self) -> &mut SiteBinding {
        self.desired.binding.site.as_mut().unwrap()
    }

    pub(crate) fn seen(&mut self) -> &mut ObservedSite {
        self.observed.site.as_mut().unwrap()
    }

    pub(crate) fn listing(&mut self) -> &mut Listing {
        let Seen::Known(listing) = &mut self.seen().listing else { panic!("a listing") };
        listing
    }

    pub(crate) fn put(&mut self, path: &str, content: &str) {
        let object = ListedObject { size: 1000, etag: etag(content), checksum: None };
        self.listing().objects.insert(key(path), object);
    }

    /// A HEAD of an object, as its file should be served or otherwise.
    pub(crate) fn head(&mut self, path: &str, cache_control: Option<&str>) {
        let (_, headers) = headers_of(path);
        let etag = self.listing().objects[&key(path)].etag.clone();
        let head = ObjectHead {
            etag,
            size: 1000,
            checksum: None,
            content_type: Some(headers.content_type),
            cache_control: Some(cache_control.map_or(headers.cache_control, str::to_owned)),
            content_encoding: None,
        };
        self.listing().heads.insert(key(path), Seen::Known(head));
    }

    /// A release that was here before, superseded so many seconds ago.
    pub(crate) fn after(mut self, seconds_ago: i64, files: &[File<'_>]) -> Self {
        let manifest = manifest(files);
        let until = noon() - jiff::SignedDuration::from_secs(seconds_ago);
        let digest = manifest.digest().unwrap();
        self.files().earlier.push(EarlierFiles { digest, manifest, until });
        self
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.desired, &self.observed)
    }

    #[track_caller]
    pub(crate) fn check(&self, expected: &Expect) {
        expected.assert_eq(&self.plan().to_string());
    }

    /// Carries out the first `steps` steps of a plan, as the world and the journal would, and looks again.
    pub(crate) fn carry_out(&mut self, plan: &Plan, steps: usize) {
        let Plan::Apply(actions) = plan else { return };
        for action in actions.iter().take(steps) {
            match action {
                Action::UploadFiles { files, stale, .. } | Action::ReplaceHeaders { files, stale, .. } => {
                    let pending = self.files().memory.pending.clone();
                    self.files().memory.pending = fold(pending.into_iter().chain(stale.clone()));
                    for change in files.iter() {
                        let (size, etag) = (change.file.size, change.file.etag.clone());
                        let object = ListedObject { size, etag, checksum: None };
                        self.listing().objects.insert(change.key.clone(), object);
                        self.listing().heads.remove(&change.key);
                        self.listing().written.insert(change.key.clone());
                    }
                }
                Action::Invalidate { reference, paths, .. } => {
                    assert!(!paths.is_empty() && paths.len() <= 15);
                    let memory = &mut self.files().memory;
                    memory.pending.clear();
                    memory.publishes += 1;
                    let id = format!("I{}", memory.publishes);
                    memory.invalidation = Some(Invalidation { id, reference: reference.clone(), at: noon() });
                    self.seen().invalidation = Seen::Known(InvalidationState::Completed);
                }
                Action::WriteParameter { to, .. } => {
                    self.seen().parameter = Seen::Known(ParameterValue { value: to.clone(), version: 2 });
                }
                Action::DeleteFiles { files, .. } => {
                    for file in files.iter() {
                        let gone = self.listing().objects.remove(&file.key).unwrap();
                        assert_eq!(gone.etag, file.etag, "what is deleted is what was seen");
                    }
                }
                Action::RegisterTaskDefinition { .. } | Action::UpdateService { .. } | Action::Reject { .. } => {
                    panic!("{action} for a site")
                }
            }
        }
    }

    /// The keys that are in the bucket.
    pub(crate) fn keys(&mut self) -> BTreeSet<String> {
        self.listing().objects.keys().map(ToString::to_string).collect()
    }
}
