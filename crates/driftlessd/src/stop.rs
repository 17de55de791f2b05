//! Being told to stop: SIGTERM (a deployment of the controller) or ctrl-C.

use anyhow::{Context as _, Result};
use tokio::sync::watch;

/// Becomes true when the process is told to stop.
pub(crate) fn told_to_stop() -> Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for ctrl-C")?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: no new passes; running ones get up to 16 s");
        let _ = stop.send(true);
    });
    Ok(stopped)
}
