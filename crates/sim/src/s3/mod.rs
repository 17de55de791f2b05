//! The buckets of all accounts. Strongly consistent, as S3 is: there is no stale look here.

mod bucket;
mod object;
mod page;
mod upload;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use driftless_domain::{BucketName, CallClass, CallError, ObjectKey};

use crate::call::{Request, Site, mixed};

pub(crate) use bucket::Bucket;
pub(crate) use object::{NewObject, Writer, hex, md5};
pub use object::{Object, ObjectHeaders, ObjectWrite};
pub(crate) use page::decoded;
pub(crate) use upload::PartRefused;
pub(crate) use watch::Dangling;

/// S3. Names of buckets are global.
#[derive(Debug, Default)]
pub(crate) struct S3 {
    buckets: BTreeMap<BucketName, Bucket>,
    /// The site roots that tests registered: they outlive their buckets.
    roots: BTreeMap<BucketName, BTreeSet<String>>,
    /// Bodies that will arrive damaged, by bucket and part of the key.
    damaged_puts: Vec<(BucketName, String)>,
    /// Bodies that will leave damaged.
    damaged_reads: Vec<(BucketName, String)>,
    /// The names that there ever were.
    names: BTreeSet<BucketName>,
    /// How many buckets there ever were: a name that is used again makes other ids.
    created: u64,
}

impl S3 {
    /// A new and empty bucket, also in the place of one with this name.
    pub(crate) fn create(&mut self, seed: u64, name: &BucketName, site: &Site) {
        self.created = self.created.saturating_add(1);
        let salt = mixed(seed, &["bucket", name.as_str()], self.created);
        let roots = self.roots.get(name).cloned().unwrap_or_default();
        let again = !self.names.insert(name.clone());
        self.buckets.insert(name.clone(), Bucket::new(site.clone(), salt, roots, again));
    }

    pub(crate) fn delete(&mut self, name: &BucketName) -> Option<Bucket> {
        self.buckets.remove(name)
    }

    /// The bucket as it is, whoever asks.
    pub(crate) fn get(&self, name: &BucketName) -> Option<&Bucket> {
        self.buckets.get(name)
    }

    /// The bucket as it is, whoever changes it.
    pub(crate) fn get_mut(&mut self, name: &BucketName) -> Option<&mut Bucket> {
        self.buckets.get_mut(name)
    }

    /// The bucket for a call that came through a port; `None` when there is none with this name.
    pub(crate) fn find(&self, request: &Request, site: &Site, name: &BucketName) -> Result<Option<&Bucket>, CallError> {
        let Some(bucket) = self.buckets.get(name) else { return Ok(None) };
        admitted(request, site, bucket.site())?;
        Ok(Some(bucket))
    }

    /// The bucket for a change that came through a port.
    pub(crate) fn find_mut(
        &mut self,
        request: &Request,
        site: &Site,
        name: &BucketName,
    ) -> Result<&mut Bucket, CallError> {
        let Some(bucket) = self.buckets.get_mut(name) else { return Err(no_such_bucket(request)) };
        admitted(request, site, bucket.site())?;
        Ok(bucket)
    }

    /// Where a site begins in a bucket.
    pub(crate) fn root(&mut self, name: &BucketName, prefix: &str) {
        let roots = self.roots.entry(name.clone()).or_default();
        roots.insert(prefix.to_owned());
        if let Some(bucket) = self.buckets.get_mut(name) {
            bucket.set_roots(roots.clone());
        }
    }

    pub(crate) fn damage_next_put(&mut self, name: &BucketName, key_contains: &str) {
        self.damaged_puts.push((name.clone(), key_contains.to_owned()));
    }

    pub(crate) fn damage_next_read(&mut self, name: &BucketName, key_contains: &str) {
        self.damaged_reads.push((name.clone(), key_contains.to_owned()));
    }

    /// Whether this body arrives damaged; it happens once.
    pub(crate) fn damages_put(&mut self, name: &BucketName, key: &ObjectKey) -> bool {
        takes(&mut self.damaged_puts, name, key)
    }

    /// Whether this body leaves damaged; it happens once.
    pub(crate) fn damages_read(&mut self, name: &BucketName, key: &ObjectKey) -> bool {
        takes(&mut self.damaged_reads, name, key)
    }
}

fn takes(rules: &mut Vec<(BucketName, String)>, name: &BucketName, key: &ObjectKey) -> bool {
    let rule = rules.iter().position(|(bucket, part)| bucket == name && key.as_str().contains(part.as_str()));
    rule.map(|rule| rules.remove(rule)).is_some()
}

/// What S3 says when there is no bucket with this name in any account.
pub(crate) fn no_such_bucket(request: &Request) -> CallError {
    request.invalid("NoSuchBucket", "The specified bucket does not exist")
}

/// S14: the account that the call names must own the bucket (`x-amz-expected-bucket-owner`), and the region must be its.
fn admitted(request: &Request, named: &Site, owner: &Site) -> Result<(), CallError> {
    if named.account != owner.account {
        return Err(request.refused(CallClass::Denied, "AccessDenied", "Access Denied"));
    }
    if named.region != owner.region {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint.";
        return Err(request.invalid("PermanentRedirect", message));
    }
    Ok(())
}
