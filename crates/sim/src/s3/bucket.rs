//! One bucket: every write of every object, oldest first, and the watch over what its pages refer to.

use std::collections::{BTreeMap, BTreeSet};

use driftless_domain::{ETag, VersionId};

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
    salt: u64,
    writes: u64,
}

/// The object, and the references that dangle because of this write.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) object: Object,
    pub(crate) dangling: Vec<Dangling>,
}

impl Bucket {
    pub(super) fn new(site: Site, salt: u64, roots: BTreeSet<String>) -> Self {
        Self {
            site,
            versioned: false,
            kms: false,
            uploads: Uploads::default(),
            objects: BTreeMap::new(),
            watch: Watch::new(roots),
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
        let writes = self.objects.entry(key.to_owned()).or_default();
        writes.push(ObjectWrite { at, by, call, object, erased: false });
        self.look_at(key)
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
