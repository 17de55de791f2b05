//! What paths and queries say, through the types of the domain: nothing else reaches a handler.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use driftless_domain::{AppName, EnvName, Target};

use crate::problem::Problem;

/// The `{app}` of the path.
pub(crate) struct AppPath(pub(crate) AppName);

impl<S: Send + Sync> FromRequestParts<S> for AppPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let values = values(parts, state).await?;
        Ok(Self(AppName::parse(value(&values, "app")?)?))
    }
}

/// The `{app}` and `{env}` of the path.
pub(crate) struct TargetPath(pub(crate) Target);

impl<S: Send + Sync> FromRequestParts<S> for TargetPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let values = values(parts, state).await?;
        let app = AppName::parse(value(&values, "app")?)?;
        Ok(Self(Target::new(app, EnvName::parse(value(&values, "env")?)?)))
    }
}

async fn values<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::bad_request("the path is not UTF-8 after decoding"))
}

fn value<'a>(values: &'a RawPathParams, name: &str) -> Result<&'a str, Problem> {
    values
        .iter()
        .find_map(|(key, value)| (key == name).then_some(value))
        .ok_or_else(|| Problem::not_found("there is no such route"))
}

/// The query, strictly: each key once, none that the route does not know.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(pairs)| Self(pairs))
            .map_err(|_| Problem::bad_request("the query is not valid"))
    }
}

impl Query {
    /// Refuses what is not one of these keys, and keys that are given twice.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        for (index, (key, _)) in self.0.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Problem::bad_request(format!(
                    "the query has a parameter that is not known here; known: {known}"
                )));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(Problem::bad_request(format!("the query has {key} twice")));
            }
        }
        Ok(self)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find_map(|(name, value)| (name == key).then_some(value.as_str()))
    }

    /// A whole number within bounds, if it is given.
    pub(crate) fn number(&self, key: &str, least: u64, most: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .map(Some)
            .ok_or_else(|| Problem::bad_request(format!("{key} must be a whole number from {least} to {most}")))
    }
}

/// How many entries of a list: 1 to 100, 20 when nothing is said.
pub(crate) fn limit(query: Query) -> Result<usize, Problem> {
    let limit = query.only(&["limit"])?.number("limit", 1, 100)?.unwrap_or(20);
    Ok(usize::try_from(limit).unwrap_or(20))
}
