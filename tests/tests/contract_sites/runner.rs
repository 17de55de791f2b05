//! Runs the cases at one implementation, and compares what falls short with what the table says.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use futures::future::LocalBoxFuture;

use crate::setup::Stand;

/// One thing that must be so. It makes what it needs under names of its own.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// A sentence.
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a Stand<'a>) -> LocalBoxFuture<'a, Result<()>>,
}

/// The cases of a module, each under the name of its function.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        &[$($crate::runner::Case { name: stringify!($case), run: |stand| Box::pin($case(stand)) }),*]
    };
}
pub(crate) use cases;

/// A case that an implementation does not pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short {
    pub(crate) case: &'static str,
    /// What AWS does.
    pub(crate) aws: &'static str,
    /// What is done here.
    pub(crate) here: &'static str,
    /// How the case says so.
    pub(crate) shows: &'static str,
}

/// Prints the table, runs every case, and fails when one of them does not do what the table (or its absence there) says.
pub(crate) async fn hold(of: &str, stand: &Stand<'_>, groups: &[&[Case]], short: &[Short]) {
    if !short.is_empty() {
        let rows: Vec<[&str; 3]> = short.iter().map(|row| [row.case, row.aws, row.here]).collect();
        println!("{}", table(of, &rows));
    }
    let problems = problems(stand, groups, short).await;
    assert!(problems.is_empty(), "at {of}:\n{}", problems.join("\n"));
}

/// Where the cases and the table do not agree.
pub(crate) async fn problems(stand: &Stand<'_>, groups: &[&[Case]], short: &[Short]) -> Vec<String> {
    let mut problems = Vec::new();
    for Case { name, run } in groups.iter().copied().flatten() {
        let outcome = run(stand).await.map_err(|error| format!("{error:#}"));
        match (outcome, short.iter().find(|row| row.case == *name)) {
            (Ok(()), None) => {}
            (Err(found), Some(row)) if found.contains(row.shows) => {}
            (Ok(()), Some(_)) => problems.push(format!("{name}: it is as at AWS now: remove its row")),
            (Err(found), None) => problems.push(format!("{name}: {found}")),
            (Err(found), Some(row)) => {
                problems.push(format!("{name}: the table expects {:?}, and this is found: {found}", row.shows));
            }
        }
    }
    let known = |name: &str| groups.iter().copied().flatten().any(|case| case.name == name);
    let unknown = short.iter().filter(|row| !known(row.case));
    problems.extend(unknown.map(|row| format!("{}: no case has this name", row.case)));
    problems
}

/// What AWS does and what somebody else does, in columns.
pub(crate) fn table(of: &str, rows: &[[&str; 3]]) -> String {
    let head = ["what", "AWS", of];
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (what, aws) = (width(0), width(1));
    all().fold(String::new(), |mut text, row| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:what$}  {:aws$}  {}", row[0].replace('_', " "), row[1], row[2]);
        text
    })
}

/// Cases for testing the runner.
pub(crate) const SAMPLES: &[Case] = cases![always_passes, always_fails];

async fn always_passes(_: &Stand<'_>) -> Result<()> {
    Ok(())
}

async fn always_fails(_: &Stand<'_>) -> Result<()> {
    bail!("it fails, as it always does")
}
