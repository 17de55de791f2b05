//! The table for people, and the one line of JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::checks::Findings;
use super::rounds::Sample;
use super::tool::Scenario;

/// What everybody is compared with, and who is compared.
const BASE: &str = "s5cmd";
const OURS: &str = "driftless";

/// All samples of one tool in one scenario at one latency.
type Group<'a> = Vec<&'a Sample>;

/// The table: medians of all rounds, and of what went wrong the worst of all rounds.
pub(crate) fn table(samples: &[Sample]) -> String {
    let mut groups: BTreeMap<(u64, Scenario), Vec<(&str, Group<'_>)>> = BTreeMap::new();
    for sample in samples {
        let tools = groups.entry((sample.latency, sample.scenario)).or_default();
        match tools.iter_mut().find(|(tool, _)| *tool == sample.tool) {
            Some((_, group)) => group.push(sample),
            None => tools.push((sample.tool, vec![sample])),
        }
    }
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<5} {:<14} {:<12} {:>7} {:>6} {:>7} {:>6} {:>6} {:>8} {:>6} {:>11} {:>6} {:>11} {:>7}",
        "delay",
        "",
        "",
        "wall s",
        "ratio",
        "CPU s",
        "ratio",
        "MiB",
        "requests",
        "writes",
        "connections",
        "stale",
        "HTML first",
        "early"
    );
    for ((latency, scenario), mut tools) in groups {
        tools.sort_by_key(|(tool, _)| *tool);
        let base = tools.iter().find(|(tool, _)| *tool == BASE).map(|(_, group)| group.clone());
        for (tool, group) in &tools {
            let Findings { stale, html_before_assets, early_deletes, .. } = worst(group);
            let [wall, cpu] = [wall(group), cpu(group)];
            let ratio = |own: f64, of: fn(&Group<'_>) -> f64| {
                base.as_ref().map_or_else(|| "-".to_owned(), |base| format!("{:.2}", own / of(base)))
            };
            let _ = writeln!(
                text,
                "{:<5} {scenario:<14} {tool:<12} {wall:>7.2} {:>6} {cpu:>7.2} {:>6} {:>6.0} {:>8.0} {:>6.0} {:>11.0} \
                 {stale:>6} {html_before_assets:>11} {early_deletes:>7}",
                format!("{latency} ms"),
                ratio(wall, self::wall),
                ratio(cpu, self::cpu),
                rss(group),
                median(group.iter().map(|sample| sample.findings.requests as f64)),
                median(group.iter().map(|sample| sample.findings.writes as f64)),
                median(group.iter().map(|sample| sample.connections as f64)),
            );
        }
    }
    text.push_str(
        "\nTimes, requests and connections are medians of all rounds; memory, stale files, pages that appeared before their\n\
         assets (HTML first) and objects removed before the last one appeared (early) are the worst of all rounds. Ratios are\n\
         to s5cmd. The line of JSON takes times without delay, and what went wrong from every run.\n",
    );
    for scenario in [Scenario::FirstSync, Scenario::Changed, Scenario::Large] {
        let prepared: Vec<f64> = samples.iter().filter(|s| s.scenario == scenario).filter_map(|s| s.prepared).collect();
        if !prepared.is_empty() {
            let _ = writeln!(
                text,
                "Before the clock started, announcing the build (reading and checking its zip) took Driftless {:.2} s ({scenario}).",
                median(prepared.into_iter())
            );
        }
    }
    text
}

/// The line of JSON: Driftless, as a part of s5cmd in the same run; `null` where one of them did not run.
pub(crate) fn json(samples: &[Sample]) -> String {
    let of = |tool: &str, scenario: Scenario| -> Group<'_> {
        samples.iter().filter(|s| s.tool == tool && s.scenario == scenario && s.latency == 0).collect()
    };
    let ratio = |scenario: Scenario, measure: fn(&Group<'_>) -> f64| {
        let (ours, base) = (of(OURS, scenario), of(BASE, scenario));
        let both = !ours.is_empty() && !base.is_empty();
        if both { format!("{:.3}", measure(&ours) / measure(&base)) } else { "null".to_owned() }
    };
    let ours: Group<'_> = samples.iter().filter(|sample| sample.tool == OURS).collect();
    let older: Group<'_> = ours.iter().copied().filter(|s| s.scenario == Scenario::OlderArtifact).collect();
    let large = of(OURS, Scenario::Large);
    let counted =
        |group: &Group<'_>, count: usize| if group.is_empty() { "null".to_owned() } else { count.to_string() };
    let rss = if large.is_empty() { "null".to_owned() } else { format!("{:.0}", rss(&large)) };
    let total = |of: fn(&Findings) -> usize| counted(&ours, ours.iter().map(|sample| of(&sample.findings)).sum());
    format!(
        "{{\"first_sync\":{{\"wall\":{},\"cpu\":{}}},\"no_change\":{{\"wall\":{}}},\"older_artifact\":{{\"stale\":{}}},\
         \"large\":{{\"wall\":{},\"rss_mib\":{rss}}},\"html_before_assets\":{},\"early_deletes\":{}}}",
        ratio(Scenario::FirstSync, wall),
        ratio(Scenario::FirstSync, cpu),
        ratio(Scenario::NoChange, wall),
        counted(&older, worst(&older).stale),
        ratio(Scenario::Large, wall),
        total(|findings| findings.html_before_assets),
        total(|findings| findings.early_deletes),
    )
}

fn wall(group: &Group<'_>) -> f64 {
    median(group.iter().map(|sample| sample.measured.wall))
}

fn cpu(group: &Group<'_>) -> f64 {
    median(group.iter().map(|sample| sample.measured.cpu))
}

fn rss(group: &Group<'_>) -> f64 {
    group.iter().map(|sample| sample.measured.rss).fold(0.0, f64::max)
}

fn worst(group: &Group<'_>) -> Findings {
    group.iter().fold(Findings::default(), |worst, sample| Findings {
        stale: worst.stale.max(sample.findings.stale),
        html_before_assets: worst.html_before_assets.max(sample.findings.html_before_assets),
        early_deletes: worst.early_deletes.max(sample.findings.early_deletes),
        ..worst
    })
}

/// The one in the middle; the mean of the two, of an even number.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = [values.len().saturating_sub(1) / 2, values.len() / 2];
    middle.iter().filter_map(|at| values.get(*at)).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::{json, median, table};
    use crate::bench::checks::Findings;
    use crate::bench::measure::Measured;
    use crate::bench::rounds::Sample;
    use crate::bench::tool::Scenario;

    fn sample(tool: &'static str, scenario: Scenario, wall: f64, stale: usize) -> Sample {
        let measured = Measured { wall, cpu: wall * 2.0, rss: 64.0 };
        let findings = Findings { stale, ..Findings::default() };
        Sample { tool, latency: 0, scenario, measured, findings, connections: 1, prepared: None }
    }

    #[test]
    fn the_one_in_the_middle() {
        assert_eq!([median([3.0, 1.0, 2.0].into_iter()), median([4.0, 1.0].into_iter())], [2.0, 2.5]);
    }

    #[test]
    fn the_line_of_json_holds_ratios_to_s5cmd_and_nothing_for_what_did_not_run() {
        let mut samples =
            vec![sample("s5cmd", Scenario::FirstSync, 5.0, 0), sample("s5cmd", Scenario::NoChange, 0.5, 0)];
        let nothing = "{\"first_sync\":{\"wall\":null,\"cpu\":null},\"no_change\":{\"wall\":null},\"older_artifact\":{\"stale\":null},\
                       \"large\":{\"wall\":null,\"rss_mib\":null},\"html_before_assets\":null,\"early_deletes\":null}";
        assert_eq!(json(&samples), nothing);
        samples.push(sample("driftless", Scenario::FirstSync, 1.0, 0));
        samples.push(sample("driftless", Scenario::NoChange, 0.1, 0));
        samples.push(sample("driftless", Scenario::OlderArtifact, 0.1, 2));
        let some = "{\"first_sync\":{\"wall\":0.200,\"cpu\":0.200},\"no_change\":{\"wall\":0.200},\"older_artifact\":{\"stale\":2},\
                    \"large\":{\"wall\":null,\"rss_mib\":null},\"html_before_assets\":0,\"early_deletes\":0}";
        assert_eq!(json(&samples), some);
        let line = table(&samples).lines().find(|line| line.contains("first sync     driftless")).unwrap().to_owned();
        assert!(line.contains("1.00   0.20    2.00   0.20"), "{line}");
    }
}
