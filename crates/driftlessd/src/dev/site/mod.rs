//! The static site of the demonstration: the app of `examples/demo/docs.yaml`. All names come from there, so that the spec
//! fits the simulated world.

mod build;

use anyhow::{Context as _, Result, bail};
use driftless_domain::{AppName, EnvName, Place, SiteBinding, Tag};
use driftless_releases::ArtifactBucket;
use driftless_sim::World;
use driftless_spec::{AppSpec, Kind, Strictness};

pub(crate) use build::{key_of, zip_of};

/// The example.
const SPEC: &str = include_str!("../../../../../examples/demo/docs.yaml");

/// The site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    spec: AppSpec,
    builds: ArtifactBucket,
}

/// The site in one environment.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) env: EnvName,
    pub(crate) place: Place,
    pub(crate) site: SiteBinding,
}

impl Site {
    /// The site of the example.
    pub(crate) fn of_the_example() -> Result<Self> {
        let spec = driftless_spec::parse(SPEC, Strictness::Strict).context("read examples/demo/docs.yaml")?.spec;
        let builds = match &spec.kind {
            Kind::StaticSite(site) => site.artifacts.clone(),
            Kind::Container(_) => bail!("examples/demo/docs.yaml is no static site"),
        };
        Ok(Self { spec, builds })
    }

    /// Its app.
    pub(crate) fn app(&self) -> &AppName {
        &self.spec.app
    }

    /// Where its builds lie.
    pub(crate) fn builds(&self) -> &ArtifactBucket {
        &self.builds
    }

    /// Where it is published, in promotion order.
    pub(crate) fn homes(&self) -> impl Iterator<Item = Home> {
        self.spec.environments.iter().filter_map(|environment| {
            let binding = self.spec.binding(&environment.name)?;
            Some(Home { env: environment.name.clone(), place: binding.place, site: binding.site? })
        })
    }

    /// Puts its buckets and distributions into a world.
    pub(crate) fn create(&self, world: &World) -> Result<()> {
        let ArtifactBucket { bucket, account, region } = &self.builds;
        let (account, region) = account.clone().zip(region.clone()).context("the account of the builds")?;
        world.create_build_bucket(&Place { account, region, role: None }, bucket);
        for Home { env: _, place, site } in self.homes() {
            world.create_bucket(&place, &site.bucket);
            if let Some(prefix) = &site.prefix {
                world.site_root(&site.bucket, prefix);
            }
            if let Some(distribution) = &site.distribution {
                world.create_distribution(&place, distribution);
                world.distribution_serves(distribution, &site.bucket, site.origin_path.as_ref());
            }
        }
        Ok(())
    }

    /// The zip that CI would make for this tag: the same for the same tag, always.
    pub(crate) fn build(&self, tag: &Tag) -> Result<Vec<u8>> {
        zip_of(&build::files(tag)).context("pack the build")
    }
}
