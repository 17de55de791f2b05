//! `bench-site`: measures the deployment of a site; `cargo xtask bench site` builds and runs it.

#[path = "../bench/mod.rs"]
mod bench;
#[path = "../s3/mod.rs"]
mod s3;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// The server shares the processors with what is measured: the less it needs, the more is seen of the tools.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.next_if(|word| word == bench::measure::WORD).is_some() {
        return bench::measure::between(words);
    }
    let words = words.map(|word| word.to_string_lossy().into_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(bench::bench(words))?;
    Ok(ExitCode::SUCCESS)
}
