//! One bucket: every write of every object, oldest first, and the watch over what its pages refer to.

use std::collections::{BTreeMap, BTreeSet};

use driftless_domain::{ETag, VersionId};
use jiff::Timestamp;

use crate::call::{Site, mixed};

use super::object::{NewObject, Object, ObjectWrite, Writer, etag};
use super::upload::Uploads;
use super::watch::{Dangling, Watch};

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    site: Site,
    pub(crate) versioned: bool,
    /// Whether it encrypts with KMS: then an ETag says nothing of the content.
    pub(crate) kms: bool,
    pub(crate) uploads: Uploads,
    objects: BTreeMap<String, Vec<ObjectWrite>>,
    watch: Watch,
    /// When a caller through the ports last began to list it.
    listed: Option<Timestamp>,
    /// When others last deleted something.
    taken: Option<Timestamp>,
    /// Whether there was another bucket of this name before.
    again: bool,
    salt: u64,
    writes: u64,
}

/// The object, and the references that dangle because of this write and through the fault of whoever made it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) object: Object,
    pub(crate) dangling: Vec<Dangling>,
}

impl Bucket {
    pub(super) fn new(site: Site, salt: u64, roots: BTreeSet<String>, again: bool) -> Self {
        Self {
            site,
            versioned: false,
            kms: false,
            uploads: Uploads::default(),
            objects: BTreeMap::new(),
            watch: Watch::new(roots),
            listed: None,
            taken: None,
            again,
            salt,
            writes: 0,
        }
    }

    /// The account and region that it is in.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// An object as it is.
    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        current(self.objects.get(key)?)
    }

    /// One version of an object.
    pub(crate) fn version(&self, key: &str, version: &VersionId) -> Option<&Object> {
        let kept = self.history(key).iter().filter(|write| !write.erased);
        kept.filter_map(|write| write.object.as_ref()).find(|object| object.version.as_ref() == Some(version))
    }

    /// The objects with this prefix, in S3's order of keys.
    pub(crate) fn objects(&self, prefix: &str) -> impl Iterator<Item = (&str, &Object)> {
        let with_prefix = self.objects.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix));
        with_prefix.filter_map(|(key, writes)| Some((key.as_str(), current(writes)?)))
    }

    /// Every write of an object, oldest first.
    pub(crate) fn history(&self, key: &str) -> &[ObjectWrite] {
        self.objects.get(key).map_or(&[], Vec::as_slice)
    }

    /// S14: whether a change through the ports ever put an object with this ETag there.
    pub(crate) fn was_ours(&self, key: &str, etag: &ETag) -> bool {
        let ours = self.history(key).iter().filter(|write| write.call > 0);
        ours.filter_map(|write| write.object.as_ref()).any(|object| object.etag == *etag)
    }

    pub(crate) fn put(&mut self, writer: &Writer, key: &str, new: NewObject) -> Written {
        let NewObject { body, sha256, headers, etag: plain, checksum } = new;
        let version = self.versioned.then(|| self.version_id()).flatten();
        let etag = self.etag(plain);
        let object = Object { body, sha256, headers, etag, checksum, version };
        let dangling = self.write(writer, key, Some(object.clone()));
        Written { object, dangling }
    }

    /// Deletes an object, and says whether it was there.
    pub(crate) fn delete(&mut self, writer: &Writer, key: &str) -> (bool, Vec<Dangling>) {
        if self.get(key).is_none() {
            return (false, Vec::new());
        }
        (true, self.write(writer, key, None))
    }

    /// A caller through the ports begins to list it.
    pub(crate) fn list_begins(&mut self, at: Timestamp) {
        self.listed = Some(at);
    }

    /// S10: whether nothing is left, and nobody else took anything away since it was last listed.
    pub(crate) fn was_emptied(&self) -> bool {
        let others = self.taken.is_some_and(|taken| self.listed.is_none_or(|listed| listed <= taken));
        !others && self.objects("").next().is_none()
    }

    /// Deletes a version for good, and says whether it was there.
    pub(crate) fn erase(&mut self, key: &str, version: &VersionId) -> bool {
        let has = |write: &&mut ObjectWrite| {
            let object = write.object.as_ref();
            !write.erased && object.is_some_and(|object| object.version.as_ref() == Some(version))
        };
        let Some(write) = self.objects.get_mut(key).and_then(|writes| writes.iter_mut().find(has)) else {
            return false;
        };
        write.erased = true;
        self.look_at(key);
        true
    }

    /// Where the sites begin. What dangles now is nobody's fault.
    pub(super) fn set_roots(&mut self, roots: BTreeSet<String>) {
        self.watch = Watch::new(roots);
        for key in self.objects.keys().cloned().collect::<Vec<_>>() {
            self.look_at(&key);
        }
    }

    /// The ETag of new content.
    pub(crate) fn etag(&mut self, plain: String) -> ETag {
        if !self.kms {
            return etag(plain);
        }
        let parts = plain.split_once('-').map(|(_, parts)| format!("-{parts}")).unwrap_or_default();
        let number = self.number();
        let half = |word| mixed(self.salt, &["etag", word], number);
        etag(format!("{:016x}{:016x}{parts}", half("high"), half("low")))
    }

    /// A text that was never given before.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        let number = self.number();
        format!("{:016x}{number:04}", mixed(self.salt, &[kind], number))
    }

    fn version_id(&mut self) -> Option<VersionId> {
        // Hexadecimal digits are a version id.
        VersionId::parse(self.id("version")).ok()
    }

    fn number(&mut self) -> u64 {
        self.writes = self.writes.saturating_add(1);
        self.writes
    }

    fn write(&mut self, writer: &Writer, key: &str, object: Option<Object>) -> Vec<Dangling> {
        let Writer { by, call, at } = writer.clone();
        if call == 0 && object.is_none() {
            self.taken = Some(at);
        }
        let writes = self.objects.entry(key.to_owned()).or_default();
        writes.push(ObjectWrite { at, by, call, object, erased: false });
        let mut dangling = self.look_at(key);
        dangling.retain(|dangling| !self.excused(dangling));
        dangling
    }

    /// Whether a caller through the ports cannot know better than to leave this dangling: others wrote the page, or took
    /// away what it refers to, since the bucket was last listed; or the page is none of ours.
    fn excused(&self, dangling: &Dangling) -> bool {
        let Dangling { page, to } = dangling;
        let since_listed = |write: &ObjectWrite| self.listed.is_none_or(|listed| listed <= write.at);
        let by_others = |write: &&ObjectWrite| write.call == 0;
        let page = self.history(page);
        let foreign = page.iter().all(|write| write.call == 0);
        let page_of_others = page.last().filter(by_others).is_some_and(|write| foreign || since_listed(write));
        let taken_away = self.history(to).last().filter(by_others).is_some_and(since_listed);
        page_of_others || taken_away || (self.again && self.listed.is_none())
    }

    /// What dangles because of the last change of an object.
    fn look_at(&mut self, key: &str) -> Vec<Dangling> {
        let Self { objects, watch, .. } = self;
        let there = |key: &str| objects.get(key).and_then(|writes| current(writes));
        watch.changed(key, there(key), |key| there(key).is_some())
    }
}

fn current(writes: &[ObjectWrite]) -> Option<&Object> {
    writes.iter().rev().find(|write| !write.erased)?.object.as_ref()
}
