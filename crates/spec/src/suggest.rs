//! "Did you mean": the nearest of a few known words.

/// A help text that names the nearest known word, when one is near.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(given, known).map(|word| format!("did you mean `{word}`?"))
}

/// The known word that needs the fewest changes, when they are at most a third of its length.
fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer texts are not misspelt keys, and the distance costs the product of both lengths.
    if given.len() > 60 {
        return None;
    }
    let folded = fold(given);
    let near = |word: &'a str| {
        let changes = changes(&folded, &fold(word));
        // `prod` for `production` needs many changes, but nobody doubts what is meant.
        let begins = folded.len() >= 3 && (word.starts_with(&folded) || folded.starts_with(word));
        (begins || changes <= (word.len() / 3).max(1)).then_some((changes, word))
    };
    known.into_iter().filter_map(near).min().map(|(_, word)| word)
}

/// Case, dashes and underscores do not count: `auto_deploy` is `autoDeploy`.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// How many letters to add, drop, replace or swap with their neighbour (the optimal string alignment distance).
fn changes(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let mut next = vec![i + 1];
        for j in 0..to.len() {
            let replaced = row[j] + usize::from(from[i] != to[j]);
            let mut fewest = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j] {
                fewest = fewest.min(before[j - 1] + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let keys = ["account", "region", "autoDeploy", "after"];
        assert_eq!(nearest("acount", keys), Some("account"));
        assert_eq!(nearest("auto_deploy", keys), Some("autoDeploy"));
        assert_eq!(nearest("prod", ["dev", "production"]), Some("production"));
        assert_eq!(nearest("atuo", ["auto", "report"]), Some("auto"));
        assert_eq!(nearest("quota", keys), None);
        assert_eq!(nearest(&"a".repeat(100), keys), None);
    }
}
