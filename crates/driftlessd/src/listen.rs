//! The API's socket.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Binds the API's address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address}: is another driftlessd running there? Choose another with --listen or --port")
    })
}

/// Answers until told to stop, and then finishes what is being answered.
pub(crate) async fn answer(listener: TcpListener, router: axum::Router, mut stop: watch::Receiver<bool>) -> Result<()> {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await.context("answer over HTTP")
}
