//! A static site, and what it is bound to in one environment.

use super::{Whereabouts, parsed};
use crate::claims::{s3_prefix, ssm_parameter};
use crate::clash::Held;
use crate::duration::{DEFAULT_KEEP, parse_keep};
use crate::model::{ArtifactBucket, HeaderRule, SiteApp};
use crate::raw::{DEFAULT_ENTRY_PAGE, DEFAULT_SITE_PARAMETER, SiteEnvironment, SiteSpec};
use crate::walk::Walk;
use driftless_domain::{AccountId, BucketName, DistributionId, KeyPrefix, Region, SiteBinding, SitePath};

/// The site, when all of it is valid.
pub(super) fn app(raw: &SiteSpec) -> Option<SiteApp> {
    let artifacts = raw.artifacts.as_ref()?;
    let account: Option<AccountId> = parsed(artifacts.account.as_ref());
    let region: Option<Region> = parsed(artifacts.region.as_ref());
    if account.is_some() != artifacts.account.is_some() || region.is_some() != artifacts.region.is_some() {
        return None;
    }
    let artifacts = ArtifactBucket { bucket: parsed(artifacts.bucket.as_ref())?, account, region };
    let entry_page = SitePath::parse(raw.entry_page.as_deref().unwrap_or(DEFAULT_ENTRY_PAGE)).ok()?;
    let headers = raw.headers.iter().map(|header| {
        let (pattern, cache_control) = (header.r#match.clone()?, header.cache_control.clone()?);
        Some(HeaderRule { pattern, cache_control })
    });
    Some(SiteApp { artifacts, entry_page, headers: headers.collect::<Option<_>>()? })
}

/// What the site is bound to in one environment. Every name that could be made is added to `held`.
pub(super) fn bind(
    walk: &mut Walk<'_, '_>,
    at: &Whereabouts<'_>,
    raw: &SiteEnvironment,
    held: &mut Vec<Held>,
) -> Option<SiteBinding> {
    let bucket: Option<BucketName> = parsed(raw.bucket.as_ref());
    let prefix: Option<KeyPrefix> = parsed(raw.prefix.as_ref());
    let distribution: Option<DistributionId> = parsed(raw.distribution.as_ref());
    let origin_path: Option<KeyPrefix> = parsed(raw.origin_path.as_ref());
    let keep = raw.keep.as_deref().map_or(Some(DEFAULT_KEEP), parse_keep);
    let parameter = at.templated(walk, "parameter", raw.parameter.as_ref(), DEFAULT_SITE_PARAMETER, None);
    let valid_prefix = prefix.is_some() == raw.prefix.is_some();
    let valid_origin_path = origin_path.is_some() == raw.origin_path.is_some();
    let valid_distribution = distribution.is_some() == raw.distribution.is_some();
    if let (Some(account), Some(bucket), true) = (&at.account, &bucket, valid_prefix) {
        let resource = s3_prefix(account, bucket, prefix.as_ref());
        let key = if prefix.is_some() { "prefix" } else { "bucket" };
        held.push(Held { resource, environment: at.index, path: at.path.key(key) });
    }
    if let (Some(account), Some(region), Some((parameter, path))) = (&at.account, &at.region, &parameter) {
        let resource = ssm_parameter(account, region, parameter);
        held.push(Held { resource, environment: at.index, path: path.clone() });
    }
    if let (Some(origin_path), Some(prefix)) = (&origin_path, &prefix) {
        let (origin, ours) = (origin_path.as_str(), prefix.as_str());
        if !ours.starts_with(origin) && !origin.starts_with(ours) {
            let message = format!("a distribution with the origin path {origin} never serves what is under {ours}");
            let help = "a `prefix` begins with the `originPath`: prefix v1/docs, originPath v1".to_owned();
            walk.error_with(&at.path.key("originPath"), message, Some(help));
        }
    }
    if raw.origin_path.is_some() && raw.distribution.is_none() {
        let message = "an origin path belongs to a distribution, and there is none";
        walk.error_with(
            &at.path.key("originPath"),
            message,
            Some("give `distribution`, or remove `originPath`".to_owned()),
        );
    }
    if !valid_prefix || !valid_distribution || !valid_origin_path {
        return None;
    }
    Some(SiteBinding { bucket: bucket?, prefix, distribution, origin_path, parameter: parameter?.0, keep: keep? })
}
