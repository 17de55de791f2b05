//! A YAML document in which every key and every value knows where it stands, and paths into it.

use std::fmt;

use crate::finding::{Position, shown};

/// A value and where it stands. A map stands at its first key.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map with its value. A key occurs once.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Position,
    pub(crate) value: Node,
}

/// A text, with or without quotes.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) quoted: bool,
}

/// What YAML takes a scalar for. `yes` and `no` are text (YAML 1.2); what looks like a number without being a plain
/// decimal one (`0123`, `1e3`, `0x1f`) is kept apart, because programs do not agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Null,
    Bool(bool),
    Integer,
    OddNumber,
    Text,
}

impl Scalar {
    pub(crate) fn kind(&self) -> ScalarKind {
        if self.quoted {
            return ScalarKind::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => ScalarKind::Null,
            "true" | "True" | "TRUE" => ScalarKind::Bool(true),
            "false" | "False" | "FALSE" => ScalarKind::Bool(false),
            text if is_decimal(text) => ScalarKind::Integer,
            text if looks_like_a_number(text) => ScalarKind::OddNumber,
            _ => ScalarKind::Text,
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits == "0" || (!digits.starts_with('0') && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn looks_like_a_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let based = ["0x", "0o", "0b", "0X"].iter().any(|base| {
        text.strip_prefix(base)
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    let first = text.trim_start_matches('.').bytes().next();
    let decimal = first.is_some_and(|b| b.is_ascii_digit()) && text.replace('_', "").parse::<f64>().is_ok();
    based || decimal || matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

impl Value {
    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Scalar(scalar) => match scalar.kind() {
                ScalarKind::Null => "empty",
                ScalarKind::Bool(_) => "true or false",
                ScalarKind::Integer | ScalarKind::OddNumber => "a number",
                ScalarKind::Text => "text",
            },
        }
    }
}

impl Node {
    /// The entry of a map with that key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The part of a path up to the first value that has no parts: rules see `role.arn` where the file has only `role`.
    pub(crate) fn within(&self, path: &Path) -> Path {
        let mut node = self;
        for (depth, step) in path.0.iter().enumerate() {
            let next = match (step, &node.value) {
                (_, Value::Scalar(_)) => return Path(path.0[..depth].to_vec()),
                (Step::Key(key), _) => node.entry(key).map(|entry| &entry.value),
                (Step::Index(index), Value::List(items)) => items.get(*index),
                (Step::Index(_), Value::Map(_)) => None,
            };
            let Some(value) = next else { break };
            node = value;
        }
        path.clone()
    }

    /// Where a path stands: at the value if it fits on a line, else at its key; for a path that is not there, at the
    /// deepest part of it that is.
    pub(crate) fn locate(&self, path: &Path) -> Position {
        let mut node = self;
        let mut at = self.at;
        for step in &path.0 {
            let next = match (step, &node.value) {
                (Step::Key(key), Value::Map(_)) => node.entry(key).map(|entry| (&entry.value, entry.key_at)),
                (Step::Index(index), Value::List(items)) => items.get(*index).map(|item| (item, item.at)),
                (Step::Key(_), Value::Scalar(_) | Value::List(_))
                | (Step::Index(_), Value::Scalar(_) | Value::Map(_)) => None,
            };
            let Some((value, outer)) = next else { break };
            node = value;
            at = match &value.value {
                Value::Scalar(scalar) if scalar.kind() != ScalarKind::Null => value.at,
                Value::Scalar(_) | Value::List(_) | Value::Map(_) => outer,
            };
        }
        at
    }
}

/// A way into the document: `environments[1].after[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The document as a whole.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// The value of a key.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// An item of a list, from 0.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// A path of field rules, which is made of the names of Rust fields. [`crate::raw`] keeps what all environments have
    /// in a struct of its own, `common`, which is no key of the file.
    pub(crate) fn of_rule(path: &garde::Path) -> Self {
        let mut steps = Vec::new();
        for word in path.to_string().split(['.', '[']).map(|word| word.trim_start_matches("r#")) {
            if matches!(word, "" | "common") {
                continue;
            }
            steps.push(match word.strip_suffix(']').map(str::parse) {
                Some(Ok(index)) => Step::Index(index),
                Some(Err(_)) | None => Step::Key(camel_case(word)),
            });
        }
        Self(steps)
    }

    /// The last key in it.
    pub(crate) fn last_key(&self) -> &str {
        self.0
            .iter()
            .rev()
            .find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None })
            .unwrap_or("")
    }

    /// What it is called in messages: its key, or what it is an item of.
    pub(crate) fn subject(&self) -> String {
        match (self.0.last(), self.last_key()) {
            (None, _) => "the file".to_owned(),
            (Some(Step::Key(_)), key) => shown(key),
            (Some(Step::Index(_)), key) => format!("each item of {}", shown(key)),
        }
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

fn camel_case(word: &str) -> String {
    let mut parts = word.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut text, part| {
        let mut letters = part.chars();
        text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if position == 0 => f.write_str(&cut(key))?,
                Step::Key(key) => write!(f, ".{}", cut(key))?,
            }
        }
        Ok(())
    }
}

fn cut(key: &str) -> String {
    key.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_yaml_1_2_says_or_kept_apart() {
        let kind = |text: &str| Scalar { text: text.to_owned(), quoted: false }.kind();
        for text in ["yes", "no", "on", "off", "y", "1.2.3", "0xzz", "10m", "infinity", "nan", "e3"] {
            assert_eq!(kind(text), ScalarKind::Text, "{text}");
        }
        for text in ["0123", "1e3", "0x1f", "0o17", "1.5", "+1", "1_000", ".5", "-.inf"] {
            assert_eq!(kind(text), ScalarKind::OddNumber, "{text}");
        }
        for text in ["0", "1", "-5", "111111111111"] {
            assert_eq!(kind(text), ScalarKind::Integer, "{text}");
        }
        assert_eq!(kind("true"), ScalarKind::Bool(true));
        assert_eq!(kind("~"), ScalarKind::Null);
        assert_eq!(Scalar { text: "1".to_owned(), quoted: true }.kind(), ScalarKind::Text);
    }

    #[test]
    fn paths_of_rules_become_paths_of_the_file() {
        let path = garde::Path::new("environments").join(3_usize).join("common").join("rollout_deadline");
        assert_eq!(Path::of_rule(&path).to_string(), "environments[3].rolloutDeadline");
    }
}
