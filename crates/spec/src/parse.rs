//! The way from text to [`AppSpec`], step by step.

use garde::Validate;

use crate::finding::{Finding, Findings, SpecErrors, Strictness};
use crate::header::{self, SpecKind};
use crate::model::AppSpec;
use crate::tree::Path;
use crate::walk::Walk;
use crate::{claims, convert, load, read};

/// A spec that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The spec.
    pub spec: AppSpec,
    /// What somebody should look at, by position.
    pub warnings: Vec<Finding>,
}

/// Reads an app spec. Pure; never panics, whatever the text is.
///
/// # Errors
/// Everything that is wrong with it, each with its line; one finding only when the text is too large, is no YAML or is a
/// file of another format or version.
pub fn parse(text: &str, strictness: Strictness) -> Result<Parsed, SpecErrors> {
    let mut findings = Findings::new(strictness);
    let spec = read_spec(text, &mut findings);
    findings.into_result(spec).map(|(spec, warnings)| Parsed { spec, warnings })
}

fn read_spec(text: &str, findings: &mut Findings) -> Option<AppSpec> {
    let root = load::load(text, findings)?;
    let mut walk = Walk::new(&root, findings);
    let mut fields = walk.fields()?;
    let spec = match header::read(&mut walk, &root, &mut fields)? {
        SpecKind::Container => {
            let raw = read::container(&mut walk, fields);
            check_fields(&mut walk, &raw);
            convert::container(&mut walk, &raw)
        }
        SpecKind::StaticSite => {
            let raw = read::static_site(&mut walk, fields);
            check_fields(&mut walk, &raw);
            convert::static_site(&mut walk, &raw)
        }
    }?;
    claims::check(&mut walk, &spec);
    Some(spec)
}

/// Applies the rules that stand at the fields of the raw structs.
fn check_fields(walk: &mut Walk<'_, '_>, raw: &impl Validate<Context = ()>) {
    let Err(report) = raw.validate() else { return };
    for (rule_path, error) in report.iter() {
        let path = Path::of_rule(rule_path);
        match error.message() {
            // A list that is not there or is no list has been reported as that.
            "length is lower than 1" => {
                if walk.is_empty_list(&path) {
                    walk.error(&path, format!("`{}` must list at least one", path.last_key()));
                }
            }
            // The words of garde's own rules name no field.
            bare if bare.starts_with("length is") || bare.starts_with("greater than") => {
                walk.error(&path, format!("`{}`: {bare}", path.last_key()));
            }
            message => walk.error(&path, message),
        }
    }
}
