//! Text to [`Node`], within limits. The tree is built from the parser's events and not through serde, because serde stops
//! at the first duplicate key and does not say where the first one was.
//!
//! **Refuses:** to guess. Tags, merge keys, several documents and keys that are not text are errors.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::finding::{Findings, Position, shown};
use crate::tree::{Entry, Node, Path, Scalar, Value};

/// The largest file: a spec of 50 environments with 50 named services each has some 200 KB.
const MOST_BYTES: usize = 1 << 20;
/// The most values in a file, aliases counted as often as they are used. 50 x 50 services with all their names are 8,000.
const MOST_NODES: usize = 20_000;
/// The most text in all values together, aliases counted as often as they are used.
const MOST_TEXT: usize = 2 * MOST_BYTES;
/// The deepest nesting. A spec has 5 levels.
const DEEPEST: usize = 16;

/// Reads the text. `None` when it cannot be read at all, with the reason in the findings; duplicate keys are reported and
/// the first one is kept.
pub(crate) fn load(text: &str, findings: &mut Findings) -> Option<Node> {
    if text.len() > MOST_BYTES {
        let message = format!("the file has {} bytes; a spec has at most {MOST_BYTES}", text.len());
        findings.error(Position::START, String::new(), message, None);
        return None;
    }
    match Loader::new(text, findings).run() {
        Ok(node) => Some(node),
        Err(Refusal { at, message, help }) => {
            findings.error(at, String::new(), message, help);
            None
        }
    }
}

/// Why the text cannot be read as a tree.
struct Refusal {
    at: Position,
    message: String,
    help: Option<String>,
}

impl Refusal {
    fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    fn help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }
}

/// A collection that is being read.
struct Open {
    at: Position,
    anchor: usize,
    items: Items,
    nodes_before: usize,
    text_before: usize,
}

enum Items {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, lines: HashMap<String, usize>, key: Option<(String, Position)> },
}

/// A value that an alias can repeat, with what a repetition costs.
struct Anchored {
    node: Node,
    nodes: usize,
    text: usize,
}

struct Loader<'t, 'f> {
    source: &'t str,
    findings: &'f mut Findings,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    nodes: usize,
    text: usize,
}

impl<'t, 'f> Loader<'t, 'f> {
    fn new(source: &'t str, findings: &'f mut Findings) -> Self {
        Self { source, findings, open: Vec::new(), anchors: HashMap::new(), root: None, nodes: 0, text: 0 }
    }

    fn run(mut self) -> Result<Node, Refusal> {
        let mut options = Options::default();
        options.flow_nesting_limit = 4 * DEEPEST;
        options.block_nesting_limit = 4 * DEEPEST;
        for event in Parser::with_options(StrInput::new(self.source), options) {
            let (event, span) = event.map_err(|error| self.syntax_error(&error))?;
            self.take(event, &span)?;
        }
        self.root.ok_or_else(|| Refusal::new(Position::START, "the file is empty"))
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Refusal> {
        let at = self.position(span);
        if let Event::Scalar(_, _, _, Some(_))
        | Event::SequenceStart(_, _, Some(_))
        | Event::MappingStart(_, _, Some(_)) = &event
        {
            return Err(Refusal::new(at, "YAML tags (`!…`) are not used in a spec").help("leave the tag out"));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let (nodes, bytes) = (self.nodes, self.text);
                self.count(1, text.len(), at)?;
                let scalar = Scalar { text: text.into_owned(), quoted: style != ScalarStyle::Plain };
                self.put(Node { at, value: Value::Scalar(scalar) }, anchor, nodes, bytes)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(at, anchor, Items::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.begin(at, anchor, Items::Map { entries: Vec::new(), lines: HashMap::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.repeat(anchor, at),
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Refusal::new(at, "the file has a second document; a spec is one document").help("remove the `---`"))
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | Event::Comment(..) => Ok(()),
            // The parser's enum may grow by events that carry no value.
            _ => Ok(()),
        }
    }

    fn begin(&mut self, at: Position, anchor: usize, items: Items) -> Result<(), Refusal> {
        if self.open.len() >= DEEPEST {
            return Err(Refusal::new(at, format!("nested more than {DEEPEST} levels deep")));
        }
        let (nodes_before, text_before) = (self.nodes, self.text);
        self.count(1, 0, at)?;
        self.open.push(Open { at, anchor, items, nodes_before, text_before });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Some(Open { at, anchor, items, nodes_before, text_before }) = self.open.pop() else { return Ok(()) };
        let node = match items {
            Items::List(items) => Node { at, value: Value::List(items) },
            Items::Map { entries, .. } => {
                Node { at: entries.first().map_or(at, |entry| entry.key_at), value: Value::Map(entries) }
            }
        };
        self.put(node, anchor, nodes_before, text_before)
    }

    fn repeat(&mut self, anchor: usize, at: Position) -> Result<(), Refusal> {
        let Some(Anchored { node, nodes, text }) = self.anchors.get(&anchor) else {
            return Err(Refusal::new(at, "this alias stands for a value that contains itself"));
        };
        let (nodes, text) = (*nodes, *text);
        let node =
            Node { at, value: if self.fits(nodes, text) { node.value.clone() } else { Value::List(Vec::new()) } };
        let (nodes_before, text_before) = (self.nodes, self.text);
        self.count(nodes, text, at)?;
        self.put(node, 0, nodes_before, text_before)
    }

    /// A value is complete: it becomes a key, a value or an item of what is open, or the document.
    fn put(&mut self, node: Node, anchor: usize, nodes_before: usize, text_before: usize) -> Result<(), Refusal> {
        if anchor != 0 {
            let (nodes, text) = (self.nodes - nodes_before, self.text - text_before);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, text });
        }
        let here = self.path();
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map { entries, lines, key }) => match key.take() {
                None => *key = Some(map_key(node)?),
                Some((key, key_at)) => {
                    if let Some(line) = lines.get(&key) {
                        let message = format!("the key {} is given twice, first in line {line}", shown(&key));
                        self.findings.error(key_at, here.to_string(), message, Some("keep one of them".to_owned()));
                    } else {
                        lines.insert(key.clone(), key_at.line);
                        entries.push(Entry { key, key_at, value: node });
                    }
                }
            },
        }
        Ok(())
    }

    /// The path of what is read now.
    fn path(&self) -> Path {
        self.open.iter().fold(Path::root(), |path, open| match &open.items {
            Items::List(items) => path.index(items.len()),
            Items::Map { key: Some((key, _)), .. } => path.key(key),
            Items::Map { key: None, .. } => path,
        })
    }

    fn fits(&self, nodes: usize, text: usize) -> bool {
        self.nodes + nodes <= MOST_NODES && self.text + text <= MOST_TEXT
    }

    fn count(&mut self, nodes: usize, text: usize, at: Position) -> Result<(), Refusal> {
        if !self.fits(nodes, text) {
            let message = format!("the file has more than {MOST_NODES} values, counting each use of an alias");
            return Err(Refusal::new(at, message));
        }
        self.nodes += nodes;
        self.text += text;
        Ok(())
    }

    fn position(&self, span: &Span) -> Position {
        let on_this_line =
            span.slice(self.source).map(|text| text.lines().next().unwrap_or("").trim_end().chars().count());
        let length = on_this_line.unwrap_or_else(|| span.len());
        Position { line: span.start.line().max(1), column: span.start.col() + 1, length }
    }

    fn syntax_error(&self, error: &ScanError) -> Refusal {
        let marker = error.marker();
        let (line, column) = (marker.line().max(1), marker.col() + 1);
        match self.tab_up_to(line) {
            Some(at) => {
                Refusal::new(at, "a tab indents this line; YAML allows only spaces").help("replace the tab by spaces")
            }
            None => {
                let what: String = error.info().lines().next().unwrap_or("").chars().take(200).collect();
                Refusal::new(Position { line, column, length: 1 }, format!("this is not valid YAML: {what}"))
            }
        }
    }

    /// The first tab in the indentation of a line, up to the line in which the parser gave up.
    fn tab_up_to(&self, line: usize) -> Option<Position> {
        self.source.lines().take(line).enumerate().find_map(|(index, text)| {
            let indentation = &text[..text.len() - text.trim_start_matches([' ', '\t']).len()];
            let column = indentation.find('\t')?;
            (indentation.len() < text.len()).then_some(Position { line: index + 1, column: column + 1, length: 1 })
        })
    }
}

fn map_key(node: Node) -> Result<(String, Position), Refusal> {
    match node.value {
        Value::Scalar(scalar) if scalar.text == "<<" && !scalar.quoted => {
            Err(Refusal::new(node.at, "merge keys (`<<`) are not part of YAML 1.2").help("write the keys out"))
        }
        Value::Scalar(scalar) => Ok((scalar.text, node.at)),
        Value::List(_) | Value::Map(_) => Err(Refusal::new(node.at, "a key must be text")),
    }
}
