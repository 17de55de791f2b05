//! The rules of single fields, as garde calls them. Each takes a field that may not be there; what is missing is for the
//! reader to say.

use std::str::FromStr;

use driftless_domain::NameError;
use globset::GlobBuilder;

use crate::duration::{DEADLINE_RULE, KEEP_RULE, parse_deadline, parse_keep};
use crate::finding::shown;
use crate::template::{TemplateError, fill};

/// The text is a name of that kind.
pub(crate) fn is<T: FromStr<Err = NameError>>(text: &Option<String>, context: &()) -> garde::Result {
    text.as_ref().map_or(Ok(()), |text| each::<T>(text, context))
}

/// The same for a text that is there.
pub(crate) fn each<T: FromStr<Err = NameError>>(text: &str, (): &()) -> garde::Result {
    text.parse::<T>().map(drop).map_err(garde::Error::new)
}

/// The template has placeholders for an app, an environment and a service at most.
pub(crate) fn template(text: &Option<String>, (): &()) -> garde::Result {
    placeholders(text, &["app", "env", "service"])
}

/// The template has placeholders for an app and an environment at most: a site has no services.
pub(crate) fn site_template(text: &Option<String>, (): &()) -> garde::Result {
    placeholders(text, &["app", "env"])
}

fn placeholders(text: &Option<String>, known: &[&str]) -> garde::Result {
    let Some(text) = text else { return Ok(()) };
    let values: Vec<(&str, &str)> = known.iter().map(|name| (*name, "")).collect();
    let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    let message = match fill(text, &values) {
        Ok(_) => return Ok(()),
        Err(TemplateError::Unknown(found)) => format!("the placeholder {} is not known", shown(&found)),
        Err(TemplateError::Open) => format!("the template {} opens a brace that it does not close", shown(text)),
    };
    Err(garde::Error::new(format!("{message}; a template knows {} and nothing else", known.join(", "))))
}

/// The text is a rollout deadline.
pub(crate) fn deadline(text: &Option<String>, (): &()) -> garde::Result {
    match text {
        Some(text) if parse_deadline(text).is_none() => {
            Err(garde::Error::new(format!("the rollout deadline {} is not valid: {DEADLINE_RULE}", shown(text))))
        }
        Some(_) | None => Ok(()),
    }
}

/// The text says how long old files are kept.
pub(crate) fn keep(text: &Option<String>, (): &()) -> garde::Result {
    match text {
        Some(text) if parse_keep(text).is_none() => {
            Err(garde::Error::new(format!("the time {} is not valid: {KEEP_RULE}", shown(text))))
        }
        Some(_) | None => Ok(()),
    }
}

/// The text is what STS takes as an external id. It is not shown: some trust policies treat it as a secret.
pub(crate) fn external_id(text: &Option<String>, (): &()) -> garde::Result {
    let valid = |text: &str| {
        (2..=1224).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
    };
    match text {
        Some(text) if !valid(text) => Err(garde::Error::new(
            "the external id is not valid: 2 to 1224 letters, digits and _ + = , . @ : / - (STS AssumeRole)",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The text is a glob.
pub(crate) fn glob(text: &Option<String>, (): &()) -> garde::Result {
    let Some(text) = text else { return Ok(()) };
    if text.is_empty() || text.len() > 200 {
        return Err(garde::Error::new(format!("the glob {} is not valid: 1 to 200 characters", shown(text))));
    }
    match GlobBuilder::new(text).literal_separator(true).build() {
        Ok(_) => Ok(()),
        Err(error) => Err(garde::Error::new(format!("the glob {} is not valid: {}", shown(text), error.kind()))),
    }
}

/// The text is a header value.
pub(crate) fn cache_control(text: &Option<String>, (): &()) -> garde::Result {
    match text {
        Some(text) if !(1..=200).contains(&text.len()) || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
            let message = format!("the Cache-Control value {} is not valid: 1 to 200 ASCII characters", shown(text));
            Err(garde::Error::new(message))
        }
        Some(_) | None => Ok(()),
    }
}
