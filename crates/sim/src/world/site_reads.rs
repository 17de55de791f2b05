//! Website buckets and distributions, read through the port. What S3 shows is true at that moment; only
//! [`Faults::missing`](crate::Faults::missing) hides something.

use async_trait::async_trait;
use driftless_domain::{
    BucketName, CallError, DistributionId, InvalidationState, KeyPrefix, ListedObject, ObjectHead, ObjectKey, Place,
};
use driftless_observe::{OBJECTS_AT_MOST, Objects, SiteState};

use crate::call::{Kind, Request, Site, bucket_text, distribution_text, object_text};

use crate::s3::Object;

use super::World;

/// The most keys in one answer of ListObjectsV2 (aws-facts.md).
const KEYS_PER_CALL: usize = 1_000;

/// One answer of ListObjectsV2.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<(String, ListedObject)>,
    truncated: bool,
}

#[async_trait]
impl SiteState for World {
    async fn list_objects(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
    ) -> Result<Option<Objects>, CallError> {
        let mut found = Objects::default();
        let mut after = String::new();
        let mut count = 0_usize;
        loop {
            let Some(page) = self.list_page(place, bucket, prefix, &after).await? else { return Ok(None) };
            count = count.saturating_add(page.objects.len());
            if count > OBJECTS_AT_MOST {
                let message = format!("more than {OBJECTS_AT_MOST} objects; give the site a prefix of its own");
                let shown = format!("{bucket} ({place})");
                return Err(listing(place, bucket, shown, String::new()).invalid("TooManyObjects", &message));
            }
            after = page.objects.last().map(|(key, _)| key.clone()).unwrap_or_default();
            for (key, object) in page.objects {
                match ObjectKey::parse(key) {
                    Ok(key) => drop(found.objects.insert(key, object)),
                    Err(_) => found.unnamed = found.unnamed.saturating_add(1),
                }
            }
            if !page.truncated {
                return Ok(Some(found));
            }
        }
    }

    async fn head_object(
        &self,
        place: &Place,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<ObjectHead>, CallError> {
        let site = Site::of(place);
        let request =
            reading("s3:GetObject", place, object_text(bucket, key.as_str()), shown(place, bucket, key), "HEAD");
        self.read_mut(request, |state, arrival| {
            let hidden = arrival.misses(&object_text(bucket, key.as_str()));
            // A HEAD has no body to say so: no bucket looks as no object does.
            let found = state.s3.find(&arrival.request, &site, bucket)?;
            let object = found.and_then(|bucket| bucket.get(key.as_str())).filter(|_| !hidden);
            let detail = &mut arrival.request.detail;
            match object {
                Some(object) => detail.push_str(&format!(", {} bytes, etag {}", object.size(), object.etag)),
                None => detail.push_str(", not there"),
            }
            Ok(object.map(Object::head))
        })
        .await
    }

    async fn invalidation(
        &self,
        place: &Place,
        distribution: &DistributionId,
        id: &str,
    ) -> Result<Option<InvalidationState>, CallError> {
        let object = distribution_text(place, distribution);
        let request = reading("cloudfront:GetInvalidation", place, object, format!("{distribution} ({place})"), id);
        self.read_mut(request, |state, arrival| {
            let found = state.cloudfront.get(distribution).filter(|found| found.account == place.account);
            let found = found.ok_or_else(|| no_such_distribution(&arrival.request))?;
            let made = found.invalidations.iter().find(|made| made.id == id);
            let made = made.filter(|_| !arrival.misses(&arrival.request.object));
            Ok(made.map(|made| made.state_at(arrival.at)))
        })
        .await
    }
}

impl World {
    /// The keys after one, as many as one answer takes; `None` when there is no such bucket.
    async fn list_page(
        &self,
        place: &Place,
        bucket: &BucketName,
        prefix: Option<&KeyPrefix>,
        after: &str,
    ) -> Result<Option<Page>, CallError> {
        let site = Site::of(place);
        let under = prefix.map_or("", KeyPrefix::as_str);
        let detail = match (under, after) {
            ("", "") => String::new(),
            ("", after) => format!("after {after}"),
            (under, "") => format!("prefix {under}"),
            (under, after) => format!("prefix {under}, after {after}"),
        };
        let request = listing(place, bucket, format!("{bucket}/{under} ({place})"), detail);
        self.read_mut(request, |state, arrival| {
            if state.s3.find(&arrival.request, &site, bucket)?.is_none() {
                return Ok(None);
            }
            let Some(found) = state.s3.get_mut(bucket) else { return Ok(None) };
            if after.is_empty() {
                found.list_begins(arrival.at);
            }
            if arrival.misses(&arrival.request.object) {
                return Ok(Some(Page::default()));
            }
            let rest = found.objects(under).filter(|(key, _)| *key > after);
            let shown = rest.filter(|(key, _)| !arrival.misses(&object_text(bucket, key)));
            let mut objects: Vec<_> =
                shown.map(|(key, object)| (key.to_owned(), listed(object))).take(KEYS_PER_CALL + 1).collect();
            let truncated = objects.len() > KEYS_PER_CALL;
            objects.truncate(KEYS_PER_CALL);
            Ok(Some(Page { objects, truncated }))
        })
        .await
    }
}

/// A list shows no checksums.
fn listed(object: &Object) -> ListedObject {
    ListedObject { size: object.size(), etag: object.etag.clone(), checksum: None }
}

/// A key as people read it.
pub(super) fn shown(place: &Place, bucket: &BucketName, key: &ObjectKey) -> String {
    format!("{bucket}/{key} ({place})")
}

pub(super) fn no_such_distribution(request: &Request) -> CallError {
    request.invalid("NoSuchDistribution", "The specified distribution does not exist.")
}

pub(super) fn reading(operation: &'static str, place: &Place, object: String, shown: String, detail: &str) -> Request {
    let site = Some(Site::of(place));
    Request { operation, kind: Kind::Read, site, object, shown, detail: detail.to_owned() }
}

fn listing(place: &Place, bucket: &BucketName, shown: String, detail: String) -> Request {
    let (site, object) = (Some(Site::of(place)), bucket_text(bucket));
    Request { operation: "s3:ListBucket", kind: Kind::Read, site, object, shown, detail }
}
