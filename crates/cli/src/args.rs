//! What can be written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args as Arguments, Parser, Subcommand, ValueEnum};
use driftless_domain::{
    AppName, EnvName, GitSha, ImageRef, ObjectKey, Reason, ServiceName, Sha256, Tag, Target, VersionId,
};

use crate::out::Format;
use crate::parse;

/// Keeps every environment of every application on the release that people asked for.
#[derive(Debug, Parser)]
#[command(name = "driftless", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage or invalid spec, 3 degraded, 4 not allowed, 5 conflict,\n\
                          6 gated, 7 rolled back, failed or superseded, 8 difference found, 124 timeout.";

/// Where the help shows what holds for all commands.
const FOR_ALL: &str = "Options for all commands";

/// What holds for all commands.
#[derive(Debug, Arguments)]
pub(crate) struct Global {
    /// Where the API is
    #[arg(long, global = true, help_heading = FOR_ALL, env = "DRIFTLESS_API", hide_env_values = true, value_name = "URL", default_value = "http://127.0.0.1:7474")]
    pub(crate) api: String,
    /// The token; better in DRIFTLESS_TOKEN, in the file that DRIFTLESS_TOKEN_FILE names, or in
    /// ~/.config/driftless/token, where other users of this machine cannot see it
    #[arg(long, global = true, help_heading = FOR_ALL, env = "DRIFTLESS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// How to print answers
    #[arg(short, long, global = true, help_heading = FOR_ALL, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub(crate) output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check, show and apply app specs
    #[command(subcommand)]
    Spec(Spec),
    /// Announce and list builds
    #[command(subcommand)]
    Release(Release),
    /// Ask for a build in an environment
    #[command(after_help = "Examples:\n  driftless deploy shop dev sha-abc1234 --reason \"try the new checkout\"\n  \
                            driftless deploy shop prod sha-abc1234 --reason \"release 12\" --wait --timeout 15m")]
    Deploy(Deploy),
    /// Show how targets are: all, an app's, or one
    #[command(after_help = "Examples:\n  driftless status\n  driftless status shop -o wide\n  \
                            driftless status shop prod --watch")]
    Status(Status),
    /// Show what the controller would do next; exits with 8 when there is anything
    Diff(At),
    /// Show what happened to a target, newest first
    History(History),
    /// Wait for a generation to converge; exits with 0 only when it did
    #[command(
        after_help = "Examples:\n  driftless wait shop dev\n  driftless wait shop prod --generation 12 --timeout 30m"
    )]
    Wait(Wait),
    /// Ask the controller to look at a target now, and show what it sees
    Reconcile(At),
    /// Play with the world of `driftlessd dev`
    #[cfg(feature = "dev")]
    #[command(subcommand)]
    Dev(Dev),
}

/// A target.
#[derive(Debug, Arguments)]
pub(crate) struct At {
    /// The app
    app: AppName,
    /// The environment
    env: EnvName,
}

impl At {
    pub(crate) fn target(&self) -> Target {
        Target::new(self.app.clone(), self.env.clone())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Spec {
    /// Check a spec; needs no API. Exits with 2 when it is not valid
    #[command(after_help = "Examples:\n  driftless spec validate driftless.yaml\n  \
                            cat driftless.yaml | driftless spec validate - --strict")]
    Validate {
        /// The file; `-` for standard input
        file: PathBuf,
        /// Take warnings for errors
        #[arg(long)]
        strict: bool,
    },
    /// Print the JSON Schema of specs, for editors
    Schema,
    /// Check a spec and store it; the same spec again changes nothing
    #[command(after_help = "Examples:\n  driftless spec apply driftless.yaml --dry-run\n  \
                            driftless spec apply driftless.yaml")]
    Apply {
        /// The file; `-` for standard input
        file: PathBuf,
        /// Only say whether it would change anything
        #[arg(long)]
        dry_run: bool,
        /// Take warnings for errors
        #[arg(long)]
        strict: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    /// Announce a build: the images of an app's services, or the zip of a static site; the same build again changes nothing
    #[command(override_usage = CREATE_USAGE, after_help = CREATE_EXAMPLES)]
    Create(Box<Create>),
    /// List builds, newest first
    List {
        /// The app
        app: AppName,
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
}

const CREATE_USAGE: &str = "driftless release create <APP> <TAG> --image <SERVICE=REPOSITORY@DIGEST>... [OPTIONS]\n       \
    driftless release create <APP> <TAG> <--sha256 <HEX>|--sha256-of <FILE>> [--zip <KEY>] [OPTIONS]";

const CREATE_EXAMPLES: &str = "Examples:\n  \
    driftless release create shop sha-abc1234 --git-sha abc1234 --branch main \\\n    \
    --image web=123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:0123…\n  \
    driftless release create docs sha-abc1234 --sha256-of site.zip\n  \
    driftless release create docs sha-abc1234 --zip builds/docs/1234.zip --sha256 0123…";

#[derive(Debug, Arguments)]
#[group(skip)]
#[command(group = ArgGroup::new("called").required(true).args(["tag", "named"]))]
#[command(group = ArgGroup::new("content").required(true).args(["images", "sha256", "sha256_of"]))]
pub(crate) struct Create {
    /// The app
    pub(crate) app: AppName,
    /// What the build is called; for services also the value that the version parameter gets
    pub(crate) tag: Option<Tag>,
    /// The same, as an option
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) named: Option<Tag>,
    /// The image of a service, by digest; once for each service
    #[arg(long = "image", value_name = "SERVICE=REPOSITORY@DIGEST", value_parser = parse::image)]
    pub(crate) images: Vec<(ServiceName, ImageRef)>,
    /// The sha256 of a site's zip, 64 of 0-9 and a-f
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<Sha256>,
    /// A site's zip on this machine, to compute its sha256 from; it is not uploaded
    #[arg(long, value_name = "FILE")]
    pub(crate) sha256_of: Option<PathBuf>,
    /// The key of the zip in the spec's artifact bucket; builds/APP/SHA.zip (the commit) or builds/APP/TAG.zip when it is left out
    #[arg(long, value_name = "KEY", conflicts_with = "images")]
    pub(crate) zip: Option<ObjectKey>,
    /// The version of the zip; the newest when it is left out
    #[arg(long, value_name = "VERSION", conflicts_with = "images")]
    pub(crate) version_id: Option<VersionId>,
    /// The commit it was built from
    #[arg(long, value_name = "SHA")]
    pub(crate) git_sha: Option<GitSha>,
    /// The branch it was built from
    #[arg(long)]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, Arguments)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) at: At,
    /// The build
    pub(crate) tag: Tag,
    /// Why; everybody can read it
    #[arg(long)]
    pub(crate) reason: Reason,
    /// Only if the target is at this generation (0: nothing was ever wanted there)
    #[arg(long, value_name = "N")]
    pub(crate) if_generation: Option<u64>,
    /// Wait until it converged, or it is clear that it will not
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait
    #[arg(long, requires = "wait", default_value = "10m", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Arguments)]
pub(crate) struct Status {
    /// The app; all when it is left out
    pub(crate) app: Option<AppName>,
    /// The environment; all when it is left out
    pub(crate) env: Option<EnvName>,
    /// Show it again whenever it changes, until interrupted
    #[arg(long, short)]
    pub(crate) watch: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) at: At,
    /// How many events at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitFor {
    /// The generation runs, by digest
    Converged,
}

#[derive(Debug, Arguments)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) at: At,
    /// What to wait for
    #[arg(long = "for", value_enum, default_value_t = WaitFor::Converged)]
    pub(crate) wait_for: WaitFor,
    /// Which generation; the one that is wanted now when it is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) generation: Option<u64>,
    /// How long to wait
    #[arg(long, default_value = "10m", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
}

#[cfg(feature = "dev")]
#[derive(Debug, Subcommand)]
pub(crate) enum Dev {
    /// Break something, and watch it heal
    #[command(subcommand)]
    Break(Break),
    /// Build the static site and upload the zip, as CI would; shows how to announce it
    #[command(after_help = "Example:\n  driftless dev build docs sha-1a2b3c4")]
    Build {
        /// The app
        app: AppName,
        /// What the build is called; the same name is the same build
        tag: Tag,
    },
    /// Show what is in the bucket of a static site, and who put it there
    Objects(At),
    /// Set how many tasks a service should run, as autoscaling would
    Scale {
        #[command(flatten)]
        at: At,
        /// The service
        service: ServiceName,
        /// How many tasks
        count: u32,
    },
    /// Show everything that is in the world
    World,
}

#[cfg(feature = "dev")]
#[derive(Debug, Subcommand)]
pub(crate) enum Break {
    /// Point a service to another task definition, as somebody in the console might
    Service {
        #[command(flatten)]
        at: At,
        /// The service
        service: ServiceName,
    },
    /// Change a version parameter by hand
    Parameter {
        #[command(flatten)]
        at: At,
        /// The service
        service: ServiceName,
    },
    /// Announce and deploy a build whose tasks crash
    Release(At),
    /// Change, delete or add an object in the bucket of a static site
    Object {
        #[command(flatten)]
        at: At,
        /// What becomes of it
        #[arg(value_enum, default_value_t = BrokenObject::Changed)]
        kind: BrokenObject,
    },
}

/// What somebody does to an object.
#[cfg(feature = "dev")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrokenObject {
    /// A page is edited
    Changed,
    /// A picture is deleted
    Deleted,
    /// A file gets another Cache-Control; only some of these are looked at each time, all when `driftless reconcile` asks
    Headers,
    /// Something of somebody else's is put there: it is reported and left alone
    Foreign,
}
