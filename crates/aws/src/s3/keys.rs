//! Keys on the wire.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A key as a list with `encoding-type=url` shows it. AWS writes a space as `+` and a plus as `%2B`, others write `%20`; so
/// the plus goes first. `None` for what is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match (byte, hexadecimal(tail)) {
            (b'%', Some((decoded, after))) => {
                rest = after;
                decoded
            }
            (b'+', _) => b' ',
            (other, _) => other,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The byte that two hexadecimal digits say, and what comes after them.
fn hexadecimal(text: &[u8]) -> Option<(u8, &[u8])> {
    let (pair, after) = text.split_at_checked(2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(pair[0])? << 4 | digit(pair[1])?, after))
}

/// A key as a copy source names it: everything but the unreserved characters and the slashes is encoded.
pub(super) fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => text.push(char::from(byte)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_key_is_decoded_as_aws_and_as_others_encode_it() {
        for (listed, key) in [
            ("a/b.js", Some("a/b.js")),
            ("a+b%2Bc%20d%25", Some("a b+c d%")),
            ("%C3%A4", Some("\u{e4}")),
            ("%01", Some("\u{1}")),
            ("%", Some("%")),
            ("%zz%4", Some("%zz%4")),
            ("%+1", Some("% 1")),
            ("%ff", None),
        ] {
            assert_eq!(decoded(listed).as_deref(), key, "{listed}");
        }
    }

    #[test]
    fn every_key_survives_the_way_there_and_back() {
        for key in ["a/b c+d%2Be.js", "\u{e4}/\u{4e2d}&<>#?", "'\"=;,@:!*()$~"] {
            assert_eq!(decoded(&encoded(key)).as_deref(), Some(key));
        }
        assert_eq!(encoded("a b/c+d%\u{e4}~"), "a%20b/c%2Bd%25%C3%A4~");
    }
}
