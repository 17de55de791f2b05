//! `driftlessd dev`: controller, API and a simulated AWS in one process. The records are in an embedded DynamoDB, reached
//! through the same adapter as in production. Left out of a build without the feature `dev`.

mod routes;
mod site;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use driftless_aws::{Accounts, CallCounter, DeletionProtection, DynamoStore, Endpoint};
use driftless_domain::{Clock, Region};
use driftless_reconcile::{Controller, Settings, Sole};
use driftless_server::{Api, Auth, Token, guarded, router};
use driftless_sim::SimClock;
use tokio::sync::watch;

use routes::Hands;

use crate::args::Dev;
use crate::clock::SystemClock;
use crate::{listen, say, secret, stop};

/// The embedded DynamoDB takes whatever region the client names.
const REGION: &str = "eu-west-1";
const TABLE: &str = "driftless-dev";

pub(crate) async fn dev(dev: Dev) -> Result<ExitCode> {
    let Dev { port, data, token_file, resync, seed } = dev;
    let resync = Duration::from_secs(resync);
    let clock = SimClock::start_at(SystemClock::new().now());
    let listener = listen::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let address = listener.local_addr().context("learn the API's port")?;

    let stopped = stop::told_to_stop()?;
    let records = Records::open(data.as_deref()).await?;
    let store = Arc::new(records.store.clone());
    let site = Arc::new(site::Site::of_the_example()?);
    let world = world::build(seed, clock.clone(), &site)?;

    let token = secret::new_token()?;
    if let Some(path) = &token_file {
        secret::write_token(path, &token)?;
    }
    let auth = Auth::Bearer(Token::operator(&token)?);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let (api, _) = router(Api {
        store: store.clone(),
        builds: Arc::new(world.clone()),
        clock: Arc::clone(&shared),
        resync,
        auth: auth.clone(),
    });
    let hands = Hands::new(world.clone(), site, store.clone(), Arc::clone(&shared));
    let hands = guarded(hands.routes(), auth, &*shared);
    let answering = tokio::spawn(listen::answer(listener, api.merge(hands), stopped.clone()));

    let settings = Settings { holder: secret::new_identity()?, resync, seed };
    let live = Arc::new(world);
    let controller = Controller::new(store, live.clone(), live, shared, Arc::new(Sole), settings);
    say::line(serde_json::json!({ "api": format!("http://{address}"), "token": token }));
    controller.run(stopped).await;
    let _ = tokio::time::timeout(Duration::from_millis(500), answering).await;
    records.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The embedded DynamoDB and the adapter in front of it.
struct Records {
    store: DynamoStore,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<Result<(), String>>,
}

impl Records {
    async fn open(data: Option<&std::path::Path>) -> Result<Self> {
        let database = match data {
            None => dynoxide::Database::memory().map_err(|error| anyhow!("open the records in memory: {error}"))?,
            Some(directory) => {
                std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
                let file = directory.join("records.db");
                let path = file.to_str().context("the path of --data is not text")?;
                dynoxide::Database::new(path).map_err(|error| {
                    anyhow!("open the records in {path}: {error}; is another driftlessd using them?")
                })?
            }
        };
        let listener = listen::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener.local_addr().context("learn the records' port")?;
        let (stop, mut stopped) = watch::channel(false);
        let serving = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        }));
        let accounts = Accounts::at(Endpoint { url: format!("http://{address}") }, None);
        let region = Region::parse(REGION).context("the region of the records")?;
        let store = DynamoStore::connect(&accounts, &region, TABLE, CallCounter::default());
        store.bootstrap(DeletionProtection::Off).await.context("make the table for the records")?;
        Ok(Self { store, stop, serving })
    }

    async fn close(self) {
        let Self { store, stop, serving } = self;
        drop(store);
        let _ = stop.send(true);
        let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    }
}
