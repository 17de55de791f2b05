//! `driftlessd reconcile --once`: as far as it gets at once, for CI jobs and people.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use driftless_aws::{Aws as Adapters, CallCounter, DynamoStore};
use driftless_domain::{Clock, Headline, Target};
use driftless_plan::{Plan, WaitKind, WaitReason};
use driftless_reconcile::{Controller, Ended, Lessee, Settings, Sole, Tenure, dry_run, keep_lease, once};
use driftless_releases::{ReadRecords as _, StatusWrites as _};

use crate::args::{Aws, Reconcile};
use crate::bootstrap::{accounts, region};
use crate::clock::SystemClock;
use crate::{say, secret};

/// How long to wait for the lease of a controller that died: the lease time (30 s), the takeover grace (45 s), slack.
const LEASE_WITHIN: Duration = Duration::from_secs(90);
/// How often the lease of somebody else is read.
const LOOK: Duration = Duration::from_millis(500);
/// How often we look whether the lease is ours: it is taken in one call when nobody has it, and this costs none.
const GLANCE: Duration = Duration::from_millis(5);

pub(crate) async fn reconcile(aws: &Aws, asked: Reconcile) -> Result<ExitCode> {
    let holder = secret::new_identity()?;
    let accounts = accounts(aws, &holder).await;
    let calls = CallCounter::default();
    let region = region(aws)?;
    let store = Arc::new(DynamoStore::connect(&accounts, &region, &aws.table, calls.clone()));
    let world = Arc::new(Adapters::new(accounts, calls).in_region(region));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let targets = chosen(&store, &asked).await?;
    if targets.is_empty() {
        return Ok(say::usage("no target of that name has a desired record; `driftless status` lists them"));
    }

    let lessee = Lessee::new(Arc::clone(&clock));
    let tenure: Arc<dyn Tenure> = if asked.dry_run { Arc::new(Sole) } else { Arc::new(lessee.clone()) };
    let settings = Settings { holder: holder.clone(), resync: Duration::from_secs(60), seed: secret::new_seed()? };
    let controller = Controller::new(store.clone(), world.clone(), world, Arc::clone(&clock), tenure, settings);
    if asked.dry_run {
        let plans = dry_run(&controller, Some(targets)).await.context("read the records")?;
        return Ok(print_plans(&plans));
    }

    let (release, released) = tokio::sync::watch::channel(false);
    let lease = tokio::spawn(keep_lease(store.clone(), lessee.clone(), holder.clone(), released));
    let result = if held(&store, &lessee, &holder).await? {
        let ended = once(&controller, Some(targets)).await.context("read the records")?;
        Ok(print_ended(&ended, &*clock))
    } else {
        say::line("another controller holds the lease and is at work; ask it with `driftless reconcile APP ENV`");
        Ok(ExitCode::from(5))
    };
    let _ = release.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(2), lease).await;
    result
}

async fn chosen(store: &DynamoStore, asked: &Reconcile) -> Result<Vec<Target>> {
    let changes = store.changes(None).await.context("list the targets")?;
    let mut targets: Vec<Target> = changes
        .into_iter()
        .map(|change| change.target)
        .filter(|target| asked.app.as_ref().is_none_or(|app| app == &target.app))
        .filter(|target| asked.env.as_ref().is_none_or(|env| env == &target.env))
        .collect();
    targets.sort();
    targets.dedup();
    Ok(targets)
}

/// Waits until the lease is ours. A lease that somebody renews while we wait is in good hands.
async fn held(store: &DynamoStore, lessee: &Lessee, holder: &str) -> Result<bool> {
    let mut first = None;
    for _ in 0..LEASE_WITHIN.as_millis() / LOOK.as_millis() {
        for _ in 0..LOOK.as_millis() / GLANCE.as_millis() {
            if lessee.holds() {
                return Ok(true);
            }
            tokio::time::sleep(GLANCE).await;
        }
        let lease = store.lease(0).await.context("read the lease")?;
        if let Some(lease) = lease.filter(|lease| !lease.holder.is_empty() && lease.holder != holder) {
            if first.is_some_and(|version| version != lease.version) {
                return Ok(false);
            }
            first.get_or_insert(lease.version);
        }
    }
    Ok(lessee.holds())
}

fn print_plans(plans: &[(Target, Plan)]) -> ExitCode {
    let mut worst = (0, 0);
    for (target, plan) in plans {
        say::line(format_args!("{target}\n  {}", plan.to_string().replace('\n', "\n  ")));
        worst = worst.max(weight_of(plan));
    }
    ExitCode::from(worst.1)
}

/// How bad a plan is beside others, and its exit code: the same scale as [`weight`].
fn weight_of(plan: &Plan) -> (u8, u8) {
    match plan {
        Plan::Converged => (0, 0),
        Plan::Apply(_) => (1, 8),
        Plan::Wait(WaitReason::Gated { .. }) => (2, 6),
        Plan::Wait(WaitReason::NothingToGoBackTo { .. }) => (5, 7),
        Plan::Wait(reason) => match reason.kind() {
            WaitKind::Progress | WaitKind::Drifted => (1, 8),
            WaitKind::Unreadable => (3, 1),
            WaitKind::Blocked => (4, 3),
        },
    }
}

fn print_ended(ended: &[Ended], clock: &dyn Clock) -> ExitCode {
    let now = clock.now();
    let mut worst = (0, 0);
    for one in ended {
        let headline = one.status.as_ref().map(|status| status.headline(now, now, Duration::from_secs(60)));
        let shown = headline.map_or_else(|| "Unknown".to_owned(), |headline| headline.to_string());
        let reason = one.status.as_ref().map_or(one.plan.as_str(), |status| status.reason.as_str());
        say::line(format_args!("{}  {shown}  {reason}", one.target));
        worst = worst.max(weight(headline));
    }
    ExitCode::from(worst.1)
}

/// How bad a headline is beside others, and its exit code (DESIGN.md section 10).
fn weight(headline: Option<Headline>) -> (u8, u8) {
    match headline {
        Some(Headline::Converged) => (0, 0),
        Some(Headline::Progressing | Headline::Pending | Headline::Drifted) => (1, 8),
        Some(Headline::AwaitingApproval | Headline::Held) => (2, 6),
        Some(Headline::Unknown) | None => (3, 1),
        Some(Headline::Degraded) => (4, 3),
        Some(Headline::Rejected) => (5, 7),
    }
}
