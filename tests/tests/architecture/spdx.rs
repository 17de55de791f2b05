//! Licence expressions, as far as the registry's packages use them: names, `OR`, `AND`, `WITH`, parentheses, and the old
//! `/` for `OR`.

/// Whether a package under `expression` may be used when exactly `allowed` are.
pub(crate) fn permits(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { words: spaced.split_whitespace().collect(), at: 0, allowed };
    let permitted = words.either()?;
    match words.next() {
        None => Ok(permitted),
        Some(word) => Err(format!("`{word}` is left over in `{expression}`")),
    }
}

struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a [String],
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.at += 1;
        word
    }

    /// `both OR both …`
    fn either(&mut self) -> Result<bool, String> {
        let mut permitted = self.both()?;
        while self.peek() == Some("OR") {
            self.at += 1;
            permitted |= self.both()?;
        }
        Ok(permitted)
    }

    /// `one AND one …`, which binds closer.
    fn both(&mut self) -> Result<bool, String> {
        let mut permitted = self.one()?;
        while self.peek() == Some("AND") {
            self.at += 1;
            permitted &= self.one()?;
        }
        Ok(permitted)
    }

    /// A name, a name with an exception, or parentheses.
    fn one(&mut self) -> Result<bool, String> {
        match self.next() {
            Some("(") => {
                let permitted = self.either()?;
                match self.next() {
                    Some(")") => Ok(permitted),
                    other => Err(format!("`)` was expected, not {other:?}")),
                }
            }
            Some(name) if !["OR", "AND", "WITH", ")"].contains(&name) => {
                let name = if self.peek() == Some("WITH") {
                    self.at += 1;
                    format!("{name} WITH {}", self.next().unwrap_or_default())
                } else {
                    name.to_owned()
                };
                Ok(self.allowed.contains(&name))
            }
            other => Err(format!("a licence was expected, not {other:?}")),
        }
    }
}

#[test]
fn expressions_are_read_with_their_precedence() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let permits = |expression| permits(expression, &allowed);
    assert_eq!(permits("MIT OR GPL-3.0"), Ok(true));
    assert_eq!(permits("GPL-3.0/MIT"), Ok(true));
    assert_eq!(permits("GPL-3.0"), Ok(false));
    assert_eq!(permits("MIT AND GPL-3.0"), Ok(false));
    assert_eq!(permits("MIT OR ISC AND GPL-3.0"), Ok(true));
    assert_eq!(permits("(MIT OR ISC) AND GPL-3.0"), Ok(false));
    assert_eq!(permits("Apache-2.0 WITH LLVM-exception"), Ok(true));
    assert_eq!(permits("Apache-2.0"), Ok(false));
    assert!(permits("MIT OR").is_err());
    assert!(permits("(MIT").is_err());
    assert!(permits("MIT ISC").is_err());
}
