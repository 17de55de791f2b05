//! Typed access to the tree. Each access that finds something else than it wants says so and gives `None`, so that a
//! reader goes on and one run shows everything.

use crate::finding::{Findings, Position, shown};
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Node, Path, ScalarKind, Value};

/// The tree and what was found in it so far.
pub(crate) struct Walk<'t, 'f> {
    root: &'t Node,
    findings: &'f mut Findings,
}

impl<'t, 'f> Walk<'t, 'f> {
    pub(crate) fn new(root: &'t Node, findings: &'f mut Findings) -> Self {
        Self { root, findings }
    }

    pub(crate) fn error(&mut self, path: &Path, message: impl Into<String>) {
        self.error_with(path, message, None);
    }

    pub(crate) fn error_with(&mut self, path: &Path, message: impl Into<String>, help: Option<String>) {
        self.findings.error(self.root.locate(path), self.root.within(path).to_string(), message, help);
    }

    pub(crate) fn warning_with(&mut self, path: &Path, message: impl Into<String>, help: Option<String>) {
        self.findings.warning(self.root.locate(path), path.to_string(), message, help);
    }

    /// The line in which a path stands.
    pub(crate) fn line(&self, path: &Path) -> usize {
        self.root.locate(path).line
    }

    /// Whether there is a list at a path of the document, without items.
    pub(crate) fn is_empty_list(&self, path: &Path) -> bool {
        let entry = self.root.entry(path.last_key());
        entry.is_some_and(|entry| matches!(&entry.value.value, Value::List(items) if items.is_empty()))
    }

    /// The fields of the document.
    pub(crate) fn fields(&mut self) -> Option<Fields<'t>> {
        self.fields_of(self.root, Path::root())
    }

    /// The fields of a value that must be a map.
    pub(crate) fn fields_of(&mut self, node: &'t Node, path: Path) -> Option<Fields<'t>> {
        match &node.value {
            Value::Map(entries) => Some(Fields { at: node.at, entries, path, asked: Vec::new() }),
            Value::Scalar(_) | Value::List(_) => {
                self.wrong(&path, node, "a map of keys and values");
                None
            }
        }
    }

    /// The text of a value.
    pub(crate) fn text_of(&mut self, node: &Node, path: &Path) -> Option<String> {
        self.text_with_help(node, path, |text| format!("put it in quotes: \"{text}\""))
    }

    /// The text of a value, with the help for one that YAML reads as a number or a boolean.
    fn text_with_help(&mut self, node: &Node, path: &Path, help: impl Fn(&str) -> String) -> Option<String> {
        let Value::Scalar(scalar) = &node.value else {
            self.wrong(path, node, "text");
            return None;
        };
        match scalar.kind() {
            ScalarKind::Text => Some(scalar.text.clone()),
            ScalarKind::Null => {
                self.wrong(path, node, "text");
                None
            }
            ScalarKind::Bool(_) | ScalarKind::Integer | ScalarKind::OddNumber => {
                let (subject, what) = (path.subject(), node.value.describe());
                let message =
                    format!("{subject} is text; without quotes, YAML reads {} as {what}", shown(&scalar.text));
                let help = help(&scalar.text.chars().take(80).collect::<String>());
                self.error_with(path, message, Some(help));
                None
            }
        }
    }

    fn wrong(&mut self, path: &Path, node: &Node, wanted: &str) {
        let name = path.subject();
        let message = match &node.value {
            Value::Scalar(scalar) if scalar.kind() != ScalarKind::Null => {
                let quoted = if scalar.quoted { "the text " } else { "" };
                format!("{name} must be {wanted}, not {quoted}{}", shown(&scalar.text))
            }
            value @ (Value::Scalar(_) | Value::List(_) | Value::Map(_)) => {
                format!("{name} must be {wanted}; it is {}", value.describe())
            }
        };
        let help = match &node.value {
            Value::Scalar(scalar) => help_for(scalar.text.as_str(), scalar.kind(), wanted),
            Value::List(_) | Value::Map(_) => None,
        };
        self.error_with(path, message, help);
    }
}

fn help_for(text: &str, kind: ScalarKind, wanted: &str) -> Option<String> {
    match (wanted, text.to_ascii_lowercase().as_str(), kind) {
        (TRUE_OR_FALSE, "yes" | "on" | "y" | "true", _) => Some("write true".to_owned()),
        (TRUE_OR_FALSE, "no" | "off" | "n" | "false", _) => Some("write false".to_owned()),
        (NUMBER, _, ScalarKind::Text) if text.parse::<u32>().is_ok() => Some("write it without quotes".to_owned()),
        _ => None,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

const TRUE_OR_FALSE: &str = "true or false";
const NUMBER: &str = "a whole number like 1";

/// The fields of one map. It remembers which keys were asked for: those are the known ones.
pub(crate) struct Fields<'t> {
    at: Position,
    entries: &'t [Entry],
    path: Path,
    asked: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    /// The path of one of its keys.
    pub(crate) fn at(&self, key: &str) -> Path {
        self.path.key(key)
    }

    /// The value of a key, as it is.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        self.asked.push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// All keys and values of a map whose keys are names.
    pub(crate) fn entries(&self) -> &'t [Entry] {
        self.entries
    }

    /// A text.
    pub(crate) fn text(&mut self, walk: &mut Walk<'t, '_>, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        walk.text_of(node, &self.at(key))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, walk: &mut Walk<'t, '_>, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        if let Value::Scalar(scalar) = &node.value
            && let ScalarKind::Bool(flag) = scalar.kind()
        {
            return Some(flag);
        }
        walk.wrong(&self.at(key), node, TRUE_OR_FALSE);
        None
    }

    /// A whole number from 0.
    pub(crate) fn number(&mut self, walk: &mut Walk<'t, '_>, key: &'static str) -> Option<u32> {
        let node = self.node(key)?;
        if let Value::Scalar(scalar) = &node.value
            && scalar.kind() == ScalarKind::Integer
            && let Ok(number) = scalar.text.parse()
        {
            return Some(number);
        }
        walk.wrong(&self.at(key), node, NUMBER);
        None
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        walk: &mut Walk<'t, '_>,
        key: &'static str,
        of: &[(&str, T)],
    ) -> Option<T> {
        let node = self.node(key)?;
        let words: Vec<&str> = of.iter().map(|(word, _)| *word).collect();
        let Value::Scalar(scalar) = &node.value else {
            walk.wrong(&self.at(key), node, &quoted(&words));
            return None;
        };
        let chosen = of.iter().find(|(word, _)| *word == scalar.text).map(|(_, value)| *value);
        if chosen.is_none() {
            let message = format!("`{key}` must be {}, not {}", quoted(&words), shown(&scalar.text));
            walk.error_with(&self.at(key), message, did_you_mean(&scalar.text, words));
        }
        chosen
    }

    /// A duration, which is text with a unit; `like` shows some.
    pub(crate) fn duration(&mut self, walk: &mut Walk<'t, '_>, key: &'static str, like: &str) -> Option<String> {
        let node = self.node(key)?;
        walk.text_with_help(node, &self.at(key), |_| format!("give it a unit: {like}"))
    }

    /// The items of a list; none when the key is not there or is no list.
    pub(crate) fn list(&mut self, walk: &mut Walk<'t, '_>, key: &'static str) -> &'t [Node] {
        let Some(node) = self.node(key) else { return &[] };
        if let Value::List(items) = &node.value {
            return items;
        }
        walk.wrong(&self.at(key), node, "a list");
        &[]
    }

    /// The fields of a map.
    pub(crate) fn map(&mut self, walk: &mut Walk<'t, '_>, key: &'static str) -> Option<Fields<'t>> {
        let node = self.node(key)?;
        walk.fields_of(node, self.at(key))
    }

    /// Says which of these keys are missing.
    pub(crate) fn demand(&self, walk: &mut Walk<'t, '_>, keys: &[&str]) {
        for key in keys {
            if !self.entries.iter().any(|entry| entry.key == *key) {
                let message = format!("`{key}` is missing");
                walk.findings.error(self.at, self.path.key(key).to_string(), message, None);
            }
        }
    }

    /// Says which keys nobody asked for. `elsewhere` explains keys that are known in another place.
    pub(crate) fn finish(self, walk: &mut Walk<'t, '_>, elsewhere: fn(&str) -> Option<&'static str>) {
        for entry in self.entries.iter().filter(|entry| !self.asked.contains(&entry.key.as_str())) {
            let help = elsewhere(&entry.key)
                .map(str::to_owned)
                .or_else(|| did_you_mean(&entry.key, self.asked.iter().copied()))
                .unwrap_or_else(|| {
                    let mut known = self.asked.clone();
                    let mut seen = std::collections::BTreeSet::new();
                    known.retain(|key| seen.insert(*key));
                    format!("known keys here: {}", known.join(", "))
                });
            let message = format!("the key {} is not known here", shown(&entry.key));
            walk.findings.warning(entry.key_at, self.path.key(&entry.key).to_string(), message, Some(help));
        }
    }
}
