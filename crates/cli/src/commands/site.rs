//! What there is to say about a static site, line by line.

use jiff::Timestamp;

use crate::model::{Invalidation, Progress, Site, SiteMemory};
use crate::number::{bytes, bytes_of, count, counted};
use crate::out::Format;
use crate::table::{age, or_dash};

/// How many objects or paths are named in a line; the others are counted.
const NAMED: usize = 3;

/// The lines of a site, each with its label.
pub(super) fn lines(site: &Site, now: Timestamp, format: Format) -> Vec<(&'static str, String)> {
    let Site { files, bytes: size, missing, changed, other_headers, .. } = site;
    let Site { foreign, foreign_examples, kept, parameter, progress, memory, .. } = site;
    let mut whole = format!("{}, {}", counted(*files, "file", "files"), bytes(*size));
    let apart = [(missing, "missing"), (changed, "with other content"), (other_headers, "with other headers")];
    let apart: Vec<String> = apart
        .iter()
        .filter(|(number, _)| **number > 0)
        .map(|(number, what)| format!("{} {what}", count(**number)))
        .collect();
    if !apart.is_empty() {
        whole = format!("{whole}; {}", apart.join(", "));
    }
    let mut lines = vec![("files", whole)];
    if let Some(progress) = progress {
        lines.push(("upload", uploading(progress)));
    }
    lines.extend(caches(memory, now, format).map(|text| ("caches", text)));
    if *kept > 0 {
        lines.push(("kept", format!("{} of earlier releases", counted(*kept, "file", "files"))));
    }
    if *foreign > 0 {
        let objects = counted(*foreign, "object", "objects");
        lines.push((
            "foreign",
            format!("{objects} that no release of ours has, left alone{}", named(foreign_examples, *foreign, format)),
        ));
    }
    lines.push(("parameter", or_dash(parameter.clone())));
    lines
}

/// `uploading 1,204 of 4,300 files, 31 of 86 MB`.
pub(super) fn uploading(progress: &Progress) -> String {
    let Progress { files, of_files, bytes, of_bytes } = progress;
    let whole = counted(*of_files, "file", "files");
    format!("uploading {} of {whole}, {}", count(*files), bytes_of(*bytes, *of_bytes))
}

/// What CloudFront was told, or has to be.
fn caches(memory: &SiteMemory, now: Timestamp, format: Format) -> impl Iterator<Item = String> {
    let SiteMemory { pending, invalidation } = memory;
    let under_way = invalidation
        .as_ref()
        .map(|Invalidation { id, at }| format!("invalidation {id} has been under way for {}", age(*at, now)));
    let due = (!pending.is_empty()).then(|| {
        let paths = counted(pending.len() as u64, "path", "paths");
        format!("{paths} to invalidate{}", named(pending, pending.len() as u64, format))
    });
    under_way.into_iter().chain(due)
}

/// `: a, b, c and 211 more`.
fn named(names: &[String], of: u64, format: Format) -> String {
    let most = if format == Format::Table { NAMED } else { names.len() };
    let shown: Vec<&str> = names.iter().take(most).map(String::as_str).collect();
    let rest = of.saturating_sub(shown.len() as u64);
    match (shown.is_empty(), rest) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", shown.join(", ")),
        (false, rest) => format!(": {} and {} more", shown.join(", "), count(rest)),
    }
}
