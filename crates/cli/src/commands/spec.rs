//! Specs: checked here, stored by the API.

use std::io::Read;
use std::path::Path;

use driftless_spec::{Finding, Kind, Parsed, Severity, SpecErrors, Strictness, json_schema, parse, render};
use serde_json::json;

use crate::api::{Api, Ask};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::model::Applied;
use crate::out::Out;

/// The most that is read of a file. The rules of specs allow far less and say so with the line; this only keeps a file that
/// has no end from filling the memory.
const MOST: u64 = 64 * 1024 * 1024;

/// A file and what it is called in messages.
struct Source {
    name: String,
    /// As it stands on the command line.
    argument: String,
    text: String,
}

/// Checks a spec.
pub(crate) fn validate(file: &Path, strict: bool, out: &mut Out) -> Result<Exit, Failure> {
    let source = read(file)?;
    let result = parse(&source.text, strictness(strict));
    if out.is_json() {
        let (valid, findings) = match &result {
            Ok(parsed) => (true, &parsed.warnings),
            Err(errors) => (false, &errors.findings),
        };
        out.json(&json!({"valid": valid, "findings": findings}))?;
        return Ok(if valid { Exit::Done } else { Exit::Usage });
    }
    match result {
        Ok(parsed) => {
            tell(&source, &parsed.warnings, out);
            out.line(&format!("{}: valid, {}", source.name, summary(&parsed)))?;
            Ok(Exit::Done)
        }
        Err(errors) => {
            tell(&source, &errors.findings, out);
            Err(Failure::new(Exit::Usage, format!("{} is not valid: {}", source.name, count(&errors))))
        }
    }
}

/// Prints the schema.
pub(crate) fn schema(out: &mut Out) -> Result<Exit, Failure> {
    out.json(&json_schema())?;
    Ok(Exit::Done)
}

/// Checks a spec and stores it, unless somebody changed it meanwhile.
pub(crate) async fn apply(api: &Api, file: &Path, dry_run: bool, strict: bool, out: &mut Out) -> Result<Exit, Failure> {
    let source = read(file)?;
    let parsed = match parse(&source.text, strictness(strict)) {
        Ok(parsed) => parsed,
        Err(errors) => {
            tell(&source, &errors.findings, out);
            return Err(Failure::new(Exit::Usage, format!("cannot apply {}: {}", source.name, count(&errors)))
                .said("nothing was changed"));
        }
    };
    tell(&source, &parsed.warnings, out);
    let app = &parsed.spec.app;
    let path = format!("/v1/apps/{app}/spec");
    let tried = format!("apply the spec of {app} ({})", source.name);
    let (condition, stored) = match api.ask(Ask::get(&tried, &path)).await {
        Ok(answer) => (answer.etag.unwrap_or_else(|| "*".to_owned()), Some(answer.text)),
        Err(refusal) if refusal.status == 404 => ("\"0\"".to_owned(), None),
        Err(refusal) => return Err(refusal.into()),
    };
    if dry_run && out.is_json() {
        let changes = stored.as_ref() != Some(&source.text);
        let version = condition.trim_matches('"').parse::<u64>().ok().filter(|_| stored.is_some());
        out.json(&json!({"app": app, "version": version, "wouldChange": changes, "warnings": parsed.warnings}))?;
        return Ok(Exit::Done);
    }
    if dry_run {
        let would = match &stored {
            None => format!("would make the app {app}: {}", summary(&parsed)),
            Some(stored) if stored == &source.text => format!("would not change {app}"),
            Some(_) => format!("would change {app}, now at version {}", condition.trim_matches('"')),
        };
        out.line(&would)?;
        return Ok(Exit::Done);
    }
    let ask = Ask::put(&tried, path, condition, "application/yaml", source.text.clone())
        .seen_by(format!("driftless spec apply {} --dry-run", source.argument));
    let answer = match api.ask(ask).await {
        Ok(answer) => answer,
        Err(refusal) => {
            // The API may be of another version and know other rules.
            tell(&source, &refusal.problem.findings, out);
            return Err(refusal.into());
        }
    };
    if out.is_json() {
        out.json(&answer.json()?)?;
        return Ok(Exit::Done);
    }
    let Applied { version, changed } = answer.read()?;
    let what = if changed { "is now at" } else { "is unchanged at" };
    out.line(&format!("{app} {what} version {version}: {}", summary(&parsed)))?;
    Ok(Exit::Done)
}

fn strictness(strict: bool) -> Strictness {
    if strict { Strictness::Strict } else { Strictness::Lenient }
}

fn summary(parsed: &Parsed) -> String {
    let environments = counted(parsed.spec.environments.len(), "environment");
    match &parsed.spec.kind {
        Kind::Container(app) => {
            format!(
                "container app {} with {} in {environments}",
                parsed.spec.app,
                counted(app.services.len(), "service")
            )
        }
        Kind::StaticSite(_) => format!("static site {} in {environments}", parsed.spec.app),
    }
}

/// How many errors; which ones stands above.
fn count(errors: &SpecErrors) -> String {
    counted(errors.findings.iter().filter(|finding| finding.severity == Severity::Error).count(), "error")
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn tell(source: &Source, findings: &[Finding], out: &mut Out) {
    if !findings.is_empty() {
        out.remark(&render(findings, &source.text, &source.name));
    }
}

fn read(file: &Path) -> Result<Source, Failure> {
    let stdin = file == Path::new("-");
    let name = if stdin { "standard input".to_owned() } else { file.display().to_string() };
    let wrong = |why: String| Failure::new(Exit::Usage, format!("cannot read {name}")).said(why);
    let mut bytes = Vec::new();
    let result = if stdin {
        std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
    };
    result.map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(wrong(format!("it has more than {MOST} bytes; no spec has")));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    Ok(Source { name, argument: file.display().to_string(), text })
}
