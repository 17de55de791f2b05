//! The tools that people use today, each as its own documentation would have it for this task.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::measure::Run;
use super::tool::{ACCOUNT, Job, REGION, Tool};
use crate::s3::SECRET;

/// How many transfers and how many comparisons rclone has under way at once.
const RCLONE_AT_ONCE: &str = "64";

/// One of them, and where its program is.
#[derive(Debug)]
pub(crate) struct Peer {
    which: Which,
    program: PathBuf,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    S5cmd,
    Rclone,
    Aws,
}

/// The tools in a Python environment that `xtask/requirements-bench.txt` was installed into.
///
/// # Errors
/// When one is not there.
pub(crate) fn peers(venv: &Path) -> Result<Vec<Peer>> {
    let bin = venv.join("bin");
    let all = [
        // Not the script of that name: it starts Python first, and that would be measured as well.
        Peer { which: Which::S5cmd, program: packaged(venv, "s5cmd/bin/s5cmd")? },
        Peer { which: Which::Rclone, program: bin.join("rclone") },
        Peer { which: Which::Aws, program: bin.join("aws") },
    ];
    if let Some(missing) = all.iter().find(|peer| !peer.program.exists()) {
        bail!("{} is not there; `cargo xtask bench site` installs it", missing.program.display());
    }
    Ok(all.into())
}

/// A file of a package, whatever the version of Python.
fn packaged(venv: &Path, path: &str) -> Result<PathBuf> {
    let lib = venv.join("lib");
    let versions = lib.read_dir().with_context(|| format!("look into {}", lib.display()))?;
    let mut found = versions.flatten().map(|version| version.path().join("site-packages").join(path));
    found.find(|path| path.exists()).with_context(|| format!("{path} is not in {}", venv.display()))
}

impl Tool for Peer {
    fn name(&self) -> &'static str {
        match self.which {
            Which::S5cmd => "s5cmd",
            Which::Rclone => "rclone",
            Which::Aws => "aws s3 sync",
        }
    }

    fn run(&self, job: &Job<'_>) -> Result<Run> {
        let Job { server, build, bucket, home, scenario: _ } = job;
        let endpoint = server.endpoint();
        let folder = build.folder.to_str().context("the folder's name is not text")?;
        let site = format!("s3://{bucket}/");
        let arguments = match self.which {
            Which::S5cmd => {
                let from = format!("{folder}/");
                vec!["--log", "error", "--endpoint-url", &endpoint, "sync", "--delete", &from, &site]
                    .into_iter()
                    .map(str::to_owned)
                    .collect()
            }
            Which::Rclone => {
                // As `Other`: with the provider `AWS` its SDK refuses to stream a body without TLS.
                let to = format!(
                    ":s3,provider=Other,env_auth,endpoint='{endpoint}',region={REGION},force_path_style=true,\
                     list_version=2,no_check_bucket:{bucket}"
                );
                let flags = ["--checksum", "--transfers", RCLONE_AT_ONCE, "--checkers", RCLONE_AT_ONCE];
                let flags = flags.into_iter().chain(["--config", "/dev/null", "--log-level", "ERROR"]);
                ["sync", folder, &to].into_iter().chain(flags).map(str::to_owned).collect()
            }
            Which::Aws => ["s3", "sync", "--delete", "--only-show-errors", "--endpoint-url", &endpoint, folder, &site]
                .into_iter()
                .map(str::to_owned)
                .collect(),
        };
        let home = home.to_str().context("the folder's name is not text")?.to_owned();
        let variables = vec![
            ("AWS_ACCESS_KEY_ID", ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("HOME", home),
        ];
        Ok(Run { program: self.program.clone(), arguments, variables })
    }
}
