//! Items and their attributes. Reading is strict and names the attribute: a record that was edited by hand is shown as
//! invalid with the reason, and its neighbours are not affected (docs/design/faults.md, "Records edited by hand").

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use driftless_releases::InvalidRecord;

use super::keys::Key;

/// The version of the layout that this program writes and the highest that it reads.
const SCHEMA: u64 = 1;

/// An item as DynamoDB takes and gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Names, reasons and other words in one attribute: as long as the longest name that any type here allows.
pub(super) const WORDS: usize = 1_024;
/// A sentence of the history or the status.
pub(super) const SENTENCE: usize = 4_000;
/// A document: an item holds at most 400 KB.
pub(super) const DOCUMENT: usize = 400_000;

/// An item that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes<'a> {
    key: &'a Key,
    item: &'a Item,
}

impl<'a> Attributes<'a> {
    /// Opens an item, if this program knows its layout.
    pub(super) fn open(key: &'a Key, item: &'a Item) -> Result<Self, InvalidRecord> {
        let attributes = Self { key, item };
        let schema = attributes.number::<u64>("schema")?;
        match schema {
            SCHEMA => Ok(attributes),
            0 => Err(attributes.wrong("schema", "1 was expected, found 0")),
            newer => Err(attributes
                .invalid(format!("written by a newer version of Driftless (schema {newer}; this one knows {SCHEMA})"))),
        }
    }

    pub(super) fn text(&self, name: &str, longest: usize) -> Result<&'a str, InvalidRecord> {
        match self.present(name)?.as_s() {
            Ok(text) if text.len() <= longest => Ok(text),
            Ok(text) => Err(self.wrong(name, &format!("{} bytes are more than {longest}", text.len()))),
            Err(other) => Err(self.wrong(name, &format!("a string was expected, found {}", kind(other)))),
        }
    }

    /// A text that is parsed by its own type.
    pub(super) fn parsed<T>(&self, name: &str) -> Result<T, InvalidRecord>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(name, WORDS)?.parse().map_err(|error: T::Err| self.wrong(name, &error.to_string()))
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<T, InvalidRecord> {
        match self.present(name)?.as_n() {
            Ok(number) => number.parse().map_err(|_| {
                let shown: String = number.chars().take(40).collect();
                self.wrong(name, &format!("a whole number that is not negative was expected, found {shown}"))
            }),
            Err(other) => Err(self.wrong(name, &format!("a number was expected, found {}", kind(other)))),
        }
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, InvalidRecord> {
        let text = self.text(name, WORDS)?;
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            self.wrong(name, &format!("a time like 2026-01-02T03:04:05Z was expected, found {shown:?}"))
        })
    }

    /// A map of strings.
    pub(super) fn texts(&self, name: &str) -> Result<BTreeMap<&'a str, &'a str>, InvalidRecord> {
        let AttributeValue::M(map) = self.present(name)? else {
            let found = self.item.get(name).map_or("nothing", kind);
            return Err(self.wrong(name, &format!("a map was expected, found {found}")));
        };
        map.iter()
            .map(|(key, value)| match value.as_s() {
                Ok(text) if text.len() <= WORDS => Ok((key.as_str(), text.as_str())),
                Ok(_) => Err(self.wrong(name, &format!("the text of {key} is too long"))),
                Err(other) => Err(self.wrong(name, &format!("a string was expected for {key}, found {}", kind(other)))),
            })
            .collect()
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&'a [u8], InvalidRecord> {
        match self.present(name)?.as_b() {
            Ok(bytes) => Ok(bytes.as_ref()),
            Err(other) => Err(self.wrong(name, &format!("bytes were expected, found {}", kind(other)))),
        }
    }

    /// Whether the attribute is there and not null; for attributes that may be left out.
    pub(super) fn has(&self, name: &str) -> bool {
        self.item.get(name).is_some_and(|value| !matches!(value, AttributeValue::Null(_)))
    }

    /// Something that the item says and that contradicts where it is, or what else it says.
    pub(super) fn wrong(&self, name: &str, problem: &str) -> InvalidRecord {
        self.invalid(format!("attribute {name}: {problem}"))
    }

    fn invalid(&self, problem: String) -> InvalidRecord {
        InvalidRecord { key: self.key.to_string(), problem }
    }

    fn present(&self, name: &str) -> Result<&'a AttributeValue, InvalidRecord> {
        match self.item.get(name) {
            Some(AttributeValue::Null(_)) => Err(self.wrong(name, "null")),
            Some(value) => Ok(value),
            None => Err(self.wrong(name, "missing")),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enum grows")]
fn kind(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::B(_) => "bytes",
        AttributeValue::Bool(_) => "a boolean",
        AttributeValue::Bs(_) => "a set of bytes",
        AttributeValue::L(_) => "a list",
        AttributeValue::M(_) => "a map",
        AttributeValue::N(_) => "a number",
        AttributeValue::Ns(_) => "a set of numbers",
        AttributeValue::Null(_) => "null",
        AttributeValue::S(_) => "a string",
        AttributeValue::Ss(_) => "a set of strings",
        _ => "something newer",
    }
}

/// An item that is being written.
#[derive(Debug)]
pub(super) struct Draft(Item);

impl Draft {
    pub(super) fn new(key: &Key) -> Self {
        Self(key.to_item()).number("schema", SCHEMA)
    }

    pub(super) fn text(mut self, name: &str, value: impl Display) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(value.to_string()));
        self
    }

    /// A text that is left out when there is none.
    pub(super) fn optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A sentence, cut to what reading it back allows.
    pub(super) fn sentence(self, name: &str, value: &str) -> Self {
        let end = (0..=SENTENCE.min(value.len())).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        self.text(name, &value[..end])
    }

    pub(super) fn number(mut self, name: &str, value: u64) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    pub(super) fn bytes(mut self, name: &str, bytes: &[u8]) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
        self
    }

    pub(super) fn time(self, name: &str, at: Timestamp) -> Self {
        self.text(name, fixed(at))
    }

    pub(super) fn texts<K: Display, V: Display>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let map = values.into_iter().map(|(k, v)| (k.to_string(), AttributeValue::S(v.to_string()))).collect();
        self.0.insert(name.to_owned(), AttributeValue::M(map));
        self
    }

    pub(super) fn item(self) -> Item {
        self.0
    }
}

/// A time that sorts as text and loses nothing: always nine digits of the second.
pub(super) fn fixed(at: Timestamp) -> String {
    format!("{at:.9}")
}

#[cfg(test)]
mod tests {
    use driftless_domain::Tag;

    use super::*;

    fn key() -> Key {
        Key { pk: "desired#shop/dev".to_owned(), sk: "desired".to_owned() }
    }

    fn item(name: &str, value: AttributeValue) -> Item {
        let mut item = Draft::new(&key()).item();
        item.insert(name.to_owned(), value);
        item
    }

    #[track_caller]
    fn check(value: AttributeValue, read: fn(Attributes<'_>) -> Result<(), InvalidRecord>, problem: &str) {
        let (key, item) = (key(), item("x", value));
        let error = Attributes::open(&key, &item).and_then(read).unwrap_err();
        assert_eq!(error.to_string(), format!("Invalid record: desired#shop/dev: {problem}"));
    }

    #[test]
    fn every_problem_names_its_attribute() {
        use AttributeValue::{Bool, L, N, Null, S};
        let number = |a: Attributes<'_>| a.number::<u64>("x").map(drop);
        let text = |a: Attributes<'_>| a.text("x", 3).map(drop);
        let tag = |a: Attributes<'_>| a.parsed::<Tag>("x").map(drop);
        let time = |a: Attributes<'_>| a.time("x").map(drop);
        let texts = |a: Attributes<'_>| a.texts("x").map(drop);
        let negative = "attribute x: a whole number that is not negative was expected, found";
        check(S("1".into()), number, "attribute x: a number was expected, found a string");
        check(N("-3".into()), number, &format!("{negative} -3"));
        check(N("1.5".into()), number, &format!("{negative} 1.5"));
        check(N("9".repeat(38)), number, &format!("{negative} {}", "9".repeat(38)));
        check(Null(true), number, "attribute x: null");
        check(L(vec![]), text, "attribute x: a string was expected, found a list");
        check(S("abcd".into()), text, "attribute x: 4 bytes are more than 3");
        check(Bool(true), texts, "attribute x: a map was expected, found a boolean");
        check(
            S("yesterday".into()),
            time,
            "attribute x: a time like 2026-01-02T03:04:05Z was expected, found \"yesterday\"",
        );
        check(
            S(String::new()),
            tag,
            "attribute x: tag \"\" is not valid: 1 to 128 letters, digits, . _ and -, beginning with a letter, digit or _ \
             (the rule for image tags)",
        );
        check(N("1".into()), |a| a.number::<u64>("y").map(drop), "attribute y: missing");
    }

    #[test]
    fn a_newer_layout_is_not_guessed_at() {
        let (key, newer) = (key(), item("schema", AttributeValue::N("99".into())));
        let error = Attributes::open(&key, &newer).unwrap_err();
        assert_eq!(error.problem, "written by a newer version of Driftless (schema 99; this one knows 1)");
        let none = Item::new();
        assert_eq!(Attributes::open(&key, &none).unwrap_err().problem, "attribute schema: missing");
    }

    #[test]
    fn times_sort_as_text_and_lose_nothing() {
        let times = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.123456789Z"];
        let times: Vec<Timestamp> = times.iter().map(|t| t.parse().unwrap()).collect();
        let texts: Vec<String> = times.iter().map(|t| fixed(*t)).collect();
        assert!(
            texts.is_sorted()
                && texts.iter().zip(&times).all(|(text, at)| text.parse::<Timestamp>().is_ok_and(|t| t == *at)),
            "{texts:?}"
        );
    }

    #[test]
    fn a_long_sentence_is_cut_between_characters() {
        let long = "ä".repeat(SENTENCE);
        let key = key();
        let item = Draft::new(&key).sentence("x", &long).item();
        assert_eq!(Attributes::open(&key, &item).unwrap().text("x", SENTENCE).unwrap().len(), SENTENCE);
    }
}
