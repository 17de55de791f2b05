//! What the file is, before anything else is read: which format, which version, which kind. A file that is something else
//! gets one clear line and not a hundred about its keys.

use crate::raw::{API_VERSION, CONTAINER, STATIC_SITE};
use crate::tree::{Node, Path, Value};
use crate::walk::{Fields, Walk};

/// What the file describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpecKind {
    Container,
    StaticSite,
}

const BEGINS: &str = "a Driftless spec begins with `apiVersion: driftless/v1`";

/// Reads `apiVersion` and `kind`. `None` when the file cannot be read further.
pub(crate) fn read<'t>(walk: &mut Walk<'t, '_>, root: &'t Node, fields: &mut Fields<'t>) -> Option<SpecKind> {
    if let Some(message) = other_format(root) {
        // Said at the first key, which is the line that tells people which file this is.
        walk.error(&Path::root(), message);
        return None;
    }
    if !readable(walk, fields) {
        return None;
    }
    let kind = fields.choice(walk, "kind", &[(CONTAINER, SpecKind::Container), (STATIC_SITE, SpecKind::StaticSite)]);
    fields.demand(walk, &["apiVersion", "kind"]);
    kind
}

/// Whether the version is ours. A missing one is demanded later, and taken for ours until then.
fn readable<'t>(walk: &mut Walk<'t, '_>, fields: &mut Fields<'t>) -> bool {
    if fields.node("apiVersion").is_none() {
        return true;
    }
    let Some(text) = fields.text(walk, "apiVersion") else { return false };
    if text == API_VERSION {
        return true;
    }
    let given = crate::finding::shown(&text);
    let newer = text.strip_prefix("driftless/v").is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 1));
    let (message, help) = if newer {
        (format!("the spec is of version {given}; this Driftless reads {API_VERSION}"), "update Driftless first")
    } else {
        (format!("`apiVersion` is {given}; this Driftless reads {API_VERSION}"), BEGINS)
    };
    walk.error_with(&fields.at("apiVersion"), message, Some(help.to_owned()));
    false
}

/// What to say about a file that is plainly of another format.
fn other_format(root: &Node) -> Option<String> {
    if let Some(entry) = root.entry("apiVersion") {
        // Kubernetes manifests have an apiVersion too.
        return root
            .entry("metadata")
            .filter(|_| !is_ours(&entry.value))
            .map(|_| format!("this is a Kubernetes manifest; {BEGINS}"));
    }
    let has = |key: &str| root.entry(key).is_some();
    let services_by_name = root.entry("services").is_some_and(|entry| matches!(entry.value.value, Value::Map(_)));
    if has("program") || has("name_short") || (has("title") && has("repo")) || (has("name") && services_by_name) {
        return Some(format!(
            "this is an app spec of another format (codeforamerica shared services: keys title, program, repo); {BEGINS}; \
             importing this format is not supported yet"
        ));
    }
    (services_by_name && !has("app")).then(|| format!("this looks like a Compose file; {BEGINS}"))
}

fn is_ours(value: &Node) -> bool {
    matches!(&value.value, Value::Scalar(scalar) if scalar.text.starts_with("driftless/"))
}
