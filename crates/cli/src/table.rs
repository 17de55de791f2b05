//! Columns for people: no borders, ages instead of times, texts that fit into a line.

use comfy_table::{Table, presets};
use jiff::Timestamp;

use crate::out::{Format, visible};

/// How much of a sentence fits into a line beside the other columns.
const SENTENCE: usize = 70;

/// Rows under headings, without borders.
pub(crate) fn columns(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty().set_header(headings.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| visible(cell)).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A sentence, cut in a table and whole when wide.
pub(crate) fn sentence(text: &str, format: Format) -> String {
    let text = visible(text);
    match format {
        Format::Wide | Format::Json => text,
        Format::Table if text.chars().count() <= SENTENCE => text,
        Format::Table => {
            let cut: String = text.chars().take(SENTENCE - 1).collect();
            format!("{}…", cut.trim_end())
        }
    }
}

/// How long ago something was: `3s`, `12m`, `5h`, `9d`.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A value, or a dash.
pub(crate) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short_and_never_negative() {
        let now = Timestamp::constant(1_767_225_600, 0);
        let table = [(-5, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200_000, "2d")];
        for (seconds, expected) in table {
            let at = now.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
            assert_eq!(age(at, now), expected);
        }
    }

    #[test]
    fn columns_have_no_borders_and_no_trailing_spaces() {
        let rows = vec![vec!["a".to_owned(), "long text".to_owned()], vec!["bcd\n".to_owned(), "x".to_owned()]];
        assert_eq!(columns(&["ONE", "TWO"], rows), "ONE  TWO\na    long text\nbcd  x\n");
    }

    #[test]
    fn sentences_are_cut_in_tables_only() {
        let long = "word ".repeat(30);
        assert_eq!(sentence(&long, Format::Table).chars().count(), 70);
        assert_eq!(sentence(&long, Format::Wide), long.trim_end());
    }
}
