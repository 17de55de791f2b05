//! Findings as text for people: the message, the line of the file with a mark under the place, and what would help.
//!
//! **Refuses:** to show more of the file than the lines with findings, or more than the beginning of a long line: files may
//! hold what nobody meant to publish.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::finding::{Finding, Severity};

/// The longest part of a line that is shown.
const LONGEST_LINE: usize = 100;
/// How much of what is marked must be seen.
const MARKED: usize = 20;
/// The width of the text, the same everywhere so that golden tests and terminals agree.
const WIDTH: usize = 110;

/// Whether to colour the text for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

/// The findings as plain text.
#[must_use]
pub fn render(findings: &[Finding], text: &str, file_name: &str) -> String {
    render_with(findings, text, file_name, Colour::Never)
}

/// The findings as text, with colours if asked.
#[must_use]
pub fn render_with(findings: &[Finding], text: &str, file_name: &str, colour: Colour) -> String {
    let theme = match colour {
        Colour::Never => GraphicalTheme::unicode_nocolor(),
        Colour::Always => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false).with_context_lines(0);
    let lines: Vec<&str> = text.split('\n').collect();
    let file_name: String = file_name.chars().map(visible).collect();
    let mut rendered = String::new();
    for finding in findings {
        let line = lines.get(finding.line.saturating_sub(1)).copied().unwrap_or("");
        let report = Report { finding, excerpt: Excerpt::new(&file_name, finding, line) };
        // Writing to a string cannot fail; the message stands in for a report that could not be drawn.
        if handler.render_report(&mut rendered, &report).is_err() {
            rendered.push_str(&finding.message);
        }
        rendered.push('\n');
    }
    rendered
}

/// A character as it may be drawn: what would move the cursor or turn the text around is replaced.
fn visible(c: char) -> char {
    let hidden = c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    match c {
        '\t' => ' ',
        _ if hidden => '\u{fffd}',
        c => c,
    }
}

/// The one line of the file that a finding is about.
#[derive(Debug)]
struct Excerpt {
    name: String,
    row: usize,
    column: usize,
    text: String,
    mark: SourceSpan,
}

impl Excerpt {
    fn new(name: &str, finding: &Finding, line: &str) -> Self {
        let line: Vec<char> = line.trim_end().chars().map(visible).collect();
        let mark = finding.column.saturating_sub(1).min(line.len());
        // A mark far to the right is shown with what stands just before it.
        let far = line.len() > LONGEST_LINE && mark + MARKED > LONGEST_LINE;
        let first = if far { mark.saturating_sub(LONGEST_LINE / 2) } else { 0 };
        let last = (first + LONGEST_LINE).min(line.len());
        let mark_end = (mark + finding.length).min(last);
        let before = if first > 0 { "…" } else { "" };
        let part = |from: usize, to: usize| line[from..to.max(from)].iter().collect::<String>();
        let head = format!("{before}{}", part(first, mark));
        let marked = part(mark, mark_end);
        let after = if last < line.len() { "…" } else { "" };
        let text = format!("{head}{marked}{}{after}", part(mark_end.max(mark), last));
        let (row, column) = (finding.line.saturating_sub(1), finding.column.saturating_sub(1));
        Self { name: name.to_owned(), row, column, mark: (head.len(), marked.len()).into(), text }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        _lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole: SourceSpan = (0, self.text.len()).into();
        let contents =
            MietteSpanContents::new_named(self.name.clone(), self.text.as_bytes(), whole, self.row, self.column, 1);
        Ok(Box::new(contents))
    }
}

/// A finding as miette wants it.
#[derive(Debug)]
struct Report<'a> {
    finding: &'a Finding,
    excerpt: Excerpt,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let field = Some(self.finding.field.clone()).filter(|field| !field.is_empty());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(field, self.excerpt.mark))))
    }
}
