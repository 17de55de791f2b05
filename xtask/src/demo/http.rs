//! As much HTTP as talking to our own API on this machine takes: one request a connection, JSON back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Longer than the longest poll of the API (60 s).
const ANSWERED_WITHIN: Duration = Duration::from_secs(75);

/// Somebody who holds the token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: String,
    token: String,
}

impl Client {
    /// For an API at `http://HOST:PORT`.
    ///
    /// # Errors
    ///
    /// When it is at another kind of address.
    pub(crate) fn new(api: &str, token: &str) -> Result<Self> {
        let address = api.strip_prefix("http://").with_context(|| format!("`{api}` is not http://…"))?;
        Ok(Self { address: address.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// # Errors
    ///
    /// When there is no answer or it is not a success, with what the API said.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.send("GET", path, None, "", "")
    }

    /// # Errors
    ///
    /// As [`Self::get`].
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("POST", path, Some("application/json"), "", &body.to_string())
    }

    /// Puts something, whatever is there already.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub(crate) fn put(&self, path: &str, content_type: &str, body: &str) -> Result<Value> {
        self.send("PUT", path, Some(content_type), "If-Match: *\r\n", body)
    }

    fn send(&self, method: &str, path: &str, kind: Option<&str>, headers: &str, body: &str) -> Result<Value> {
        let Self { address, token } = self;
        let kind = kind.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n{kind}{headers}\r\n{body}",
            body.len()
        );
        let exchange = || -> Result<Vec<u8>> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().with_context(|| format!("{method} {path} at {address}"))?;
        let (status, body) = parse(&answer).with_context(|| format!("the answer to {method} {path}"))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status}: {}", body.trim());
        }
        if body.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).with_context(|| format!("{method} {path}: not JSON: {body}"))
    }
}

/// The status and the body of a whole answer.
fn parse(answer: &[u8]) -> Result<(u16, String)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("has no end of its headers")?;
    let (head, rest) = answer.split_at(end);
    let body = rest.get(4..).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).context("has no status")?;
    let chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Ok((status, String::from_utf8(body).context("is not UTF-8")?))
}

/// The content of a chunked body.
fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n").context("a chunk has no size")?;
        let size = std::str::from_utf8(rest.get(..end).unwrap_or_default())?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        if size == 0 {
            return Ok(content);
        }
        let begin = end + 2;
        content.extend_from_slice(rest.get(begin..begin + size).context("a chunk ends early")?);
        rest = rest.get(begin + size + 2..).context("a chunk has no end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn answers_are_read_with_and_without_chunks() {
        let plain = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(plain).unwrap(), (201, "{}".to_owned()));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\nb;x=y\r\n\":\"01234567\r\n2\r\n\"}\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).unwrap(), (200, "{\"a\":\"01234567\"}".to_owned()));
    }

    #[test]
    fn an_answer_that_ends_early_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort").is_err());
    }
}
