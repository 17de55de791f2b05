//! Templates of names: `{app}-{env}-{service}`. Three placeholders are known; nothing is evaluated.

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateError {
    /// A placeholder that is not known here, with its braces.
    Unknown(String),
    /// A brace that is never closed.
    Open,
}

/// Fills in the placeholders. What the result must look like is for the name that it becomes.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or(TemplateError::Open)? + open;
        let name = &rest[open + 1..close];
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            return Err(TemplateError::Unknown(rest[open..=close].to_owned()));
        };
        filled.push_str(&rest[..open]);
        filled.push_str(value);
        rest = &rest[close + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn known_placeholders_are_filled_in_and_nothing_else_is_evaluated() {
        let values = [("app", "shop"), ("env", "dev")];
        assert_eq!(fill("/{app}/{env}/x", &values).unwrap(), "/shop/dev/x");
        assert_eq!(fill("$(id) `id` %s", &values).unwrap(), "$(id) `id` %s");
        assert_eq!(fill("${app}", &values).unwrap(), "$shop");
        for (bad, found) in [("{service}", "{service}"), ("{{ssm:x}}", "{{ssm:x}"), ("${HOME}", "{HOME}"), ("{}", "{}")]
        {
            assert_eq!(fill(bad, &values), Err(TemplateError::Unknown(found.to_owned())), "{bad}");
        }
        assert_eq!(fill("{app", &values), Err(TemplateError::Open));
    }

    #[test]
    fn a_value_is_not_a_template() {
        assert_eq!(fill("{app}", &[("app", "{env}"), ("env", "x")]).unwrap(), "{env}");
    }
}
