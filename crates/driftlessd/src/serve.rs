//! `driftlessd serve`: the controller and the API in one process.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use driftless_aws::{Aws as Adapters, CallCounter, DynamoStore, LONGEST_IN_FLIGHT};
use driftless_domain::Clock;
use driftless_reconcile::{Controller, Lessee, Settings, TAKEOVER_GRACE, keep_lease};
use driftless_server::{Api, Auth, Token, router};

use crate::args::{Aws, Serve};
use crate::bootstrap::{accounts, region};
use crate::clock::SystemClock;
use crate::{listen, say, secret, stop};

// A new holder waits out what the one before may have sent (DESIGN.md section 8, rule 3). The loop does not know the adapters;
// here both are known.
const _: () = assert!(TAKEOVER_GRACE.as_secs() >= LONGEST_IN_FLIGHT.as_secs());

pub(crate) async fn serve(aws: &Aws, serve: Serve) -> Result<ExitCode> {
    let Serve { listen: address, token_file, resync } = serve;
    if !address.ip().is_loopback() {
        return Ok(say::usage(format_args!(
            "--listen {address} is not a loopback address. Until people can sign in, the API is only for this machine; \
             put it behind a tunnel (ssh -L, kubectl port-forward, ECS Exec)"
        )));
    }
    let region = region(aws)?;
    let holder = secret::new_identity()?;
    let accounts = accounts(aws, &holder).await;
    let calls = CallCounter::default();
    let store = DynamoStore::connect(&accounts, &region, &aws.table, calls.clone());
    let world = Arc::new(Adapters::new(accounts, calls).in_region(region));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let resync = Duration::from_secs(resync);

    let token = secret::token_in(&token_file)?;
    let auth = Auth::Bearer(Token::operator(&token).with_context(|| format!("the token in {}", token_file.display()))?);
    let (api, _) =
        router(Api { store: Arc::new(store.clone()), builds: world.clone(), clock: Arc::clone(&clock), resync, auth });
    let listener = listen::bind(address).await?;
    tracing::info!(%address, table = aws.table, holder, token_file = %token_file.display(), "serving");

    let stopped = stop::told_to_stop()?;
    let lessee = Lessee::new(Arc::clone(&clock));
    // The lease outlives the passes: it is given back last.
    let (release, released) = tokio::sync::watch::channel(false);
    let records = Arc::new(store);
    let lease = tokio::spawn(keep_lease(records.clone(), lessee.clone(), holder.clone(), released));
    let settings = Settings { holder, resync, seed: secret::new_seed()? };
    let controller = Controller::new(records, world.clone(), world, clock, Arc::new(lessee), settings);
    let answering = tokio::spawn(listen::answer(listener, api, stopped.clone()));

    if controller.run(stopped).await {
        let _ = release.send(true);
        let _ = tokio::time::timeout(Duration::from_secs(2), lease).await;
    } else {
        // A call may still be under way: the next holder must wait for it.
        lease.abort();
    }
    // A long poll that is still open does not keep the process.
    if let Ok(Ok(done)) = tokio::time::timeout(Duration::from_millis(500), answering).await {
        done?;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
