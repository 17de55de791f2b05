//! Announcing the build of a site: the zip is fetched once, compared with what was announced, checked and hashed entry by
//! entry, and pinned.

use jiff::Timestamp;

use driftless_domain::{Actor, AppName, Artifact, Content, GitSha, ObjectKey, Sha256, SiteBuild, Tag, VersionId};
use driftless_spec::{Kind, SiteApp};

use super::announce::{Announced, ask_where_automatic, taken};
use super::{ChangeError, spec_of};
use crate::build::{BadBuild, ZIP_BYTES, inspect};
use crate::builds::{Builds, FetchError};
use crate::records::Stored;
use crate::store::{ApiStore, PutArtifact};

/// What CI says of a site's build.
#[derive(Debug, Clone)]
pub struct SiteAnnouncement {
    /// The app it is a build of.
    pub app: AppName,
    /// Its name from now on.
    pub tag: Tag,
    /// Where the zip is; none means `builds/{app}/{commit, or without one the tag}.zip`.
    pub key: Option<ObjectKey>,
    /// The version of the zip; none means the newest.
    pub version: Option<VersionId>,
    /// The sha256 of the zip, as it was where it was built.
    pub sha256: Sha256,
    /// The commit it was built from.
    pub git_sha: Option<GitSha>,
    /// The branch it was built from.
    pub branch: Option<String>,
    /// Who announces it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Announces the build of a site, and asks for it wherever the spec says `autoDeploy`. An announcement that repeats a stored
/// one is answered from the record: nothing is fetched again.
///
/// Must be called within a tokio runtime: the zip is read on a thread for what blocks.
///
/// # Errors
/// [`ChangeError::NotFound`] without a spec, [`ChangeError::Unfit`] when the app is no site, the key is not one of its
/// builds or the zip is not the announced one, [`ChangeError::TagTaken`] when the tag stands for another build,
/// [`ChangeError::Fetch`] and [`ChangeError::BadBuild`].
pub async fn announce_site(
    store: &dyn ApiStore,
    builds: &dyn Builds,
    request: SiteAnnouncement,
) -> Result<Announced, ChangeError> {
    let spec = spec_of(store, &request.app).await?;
    let Kind::StaticSite(site) = &spec.kind else {
        let message = format!("{} has services; its artifacts are images, not zips", spec.app);
        return Err(ChangeError::Unfit(message));
    };
    let key = key_of(&request)?;
    match store.artifact(&request.app, &request.tag).await? {
        Stored::Valid(existing) if request.repeats(&existing, &key) => {
            return ask_where_automatic(store, &spec, existing, false).await;
        }
        Stored::Valid(existing) => return Err(taken(existing)),
        Stored::Invalid(problem) => return Err(problem.into()),
        Stored::Missing => {}
    }
    let build = publishable(store, builds, site, &request, key.clone()).await?;
    let artifact = Artifact {
        app: request.app.clone(),
        tag: request.tag.clone(),
        content: Content::Site(build),
        git_sha: request.git_sha.clone(),
        branch: request.branch.clone(),
        announced_by: request.by.clone(),
        announced_at: request.at,
    };
    match store.put_artifact(&artifact).await? {
        PutArtifact::New => ask_where_automatic(store, &spec, artifact, true).await,
        // Two announcements at the same time.
        PutArtifact::Exists(existing) if request.repeats(&existing, &key) => {
            ask_where_automatic(store, &spec, existing, false).await
        }
        PutArtifact::Exists(existing) => Err(taken(existing)),
    }
}

impl SiteAnnouncement {
    /// Whether it says what a stored artifact says. Who, when and the branch do not count; nor does the version when none is
    /// asked for, because the bytes are the same.
    fn repeats(&self, existing: &Artifact, key: &ObjectKey) -> bool {
        existing.git_sha == self.git_sha
            && existing.content.site().is_some_and(|build| {
                build.key == *key
                    && build.sha256 == self.sha256
                    && self.version.as_ref().is_none_or(|version| *version == build.version)
            })
    }
}

/// Where the zip is. Only what lies under the app's own part of the bucket is a build of it (S17): who may upload there is
/// for the bucket's policy to say, app by app.
fn key_of(request: &SiteAnnouncement) -> Result<ObjectKey, ChangeError> {
    let SiteAnnouncement { app, tag, key, git_sha, .. } = request;
    let prefix = format!("builds/{app}/");
    let Some(key) = key else {
        let name = git_sha.as_ref().map_or(tag.as_str(), GitSha::as_str);
        return ObjectKey::parse(format!("{prefix}{name}.zip")).map_err(|error| ChangeError::Unfit(error.to_string()));
    };
    if key.as_str().strip_prefix(&prefix).is_none_or(str::is_empty) {
        let message =
            format!("{key} is no build of {app}: those lie under {prefix}; upload it there and announce it again");
        return Err(ChangeError::Unfit(message));
    }
    Ok(key.clone())
}

/// Fetches the zip, makes sure that it is the announced one before any entry is read, reads it, and stores its manifest.
async fn publishable(
    store: &dyn ApiStore,
    builds: &dyn Builds,
    site: &SiteApp,
    request: &SiteAnnouncement,
    key: ObjectKey,
) -> Result<SiteBuild, ChangeError> {
    let fetched = builds.fetch(&site.artifacts, &key, request.version.as_ref(), ZIP_BYTES).await?;
    if fetched.sha256 != request.sha256 {
        let message = format!(
            "{key} in version {} has the sha256 {}, and {} was announced: it was uploaded again or changed on the way; \
             announce what was built",
            fetched.version, fetched.sha256, request.sha256
        );
        return Err(ChangeError::Unfit(message));
    }
    let (file, rules) = (fetched.file, site.clone());
    let inspected = tokio::task::spawn_blocking(move || inspect(file, &rules)).await;
    let manifest = match inspected {
        Ok(Ok(manifest)) => manifest,
        Ok(Err(BadBuild::Unreadable(error))) => return Err(FetchError::Disk(error.to_string()).into()),
        Ok(Err(bad)) => return Err(bad.into()),
        Err(stopped) => return Err(FetchError::Disk(format!("reading it was broken off: {stopped}")).into()),
    };
    let digest = store.put_manifest(&request.app, &manifest).await?;
    Ok(SiteBuild {
        place: fetched.place,
        bucket: site.artifacts.bucket.clone(),
        key,
        version: fetched.version,
        sha256: fetched.sha256,
        size: fetched.size,
        manifest: digest,
        // At most 50,000.
        files: u32::try_from(manifest.files.len()).unwrap_or(u32::MAX),
        bytes: manifest.bytes(),
    })
}
