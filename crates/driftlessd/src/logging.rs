//! Log lines go to stderr, as text for people or JSON for collectors.

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// What is shown when nobody says otherwise.
const DEFAULT: &str = "info,aws_config=warn,aws_smithy_runtime=warn,hyper_util=warn,dynoxide=error";

/// Starts logging. A filter that does not parse is told, and the default is used.
pub(crate) fn start(format: LogFormat) {
    let wanted = std::env::var("DRIFTLESS_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let (filter, problem) = match EnvFilter::try_new(&wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(DEFAULT), Some(error)),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    if let Some(error) = problem {
        tracing::warn!(%error, wanted, "DRIFTLESS_LOG does not parse; using the default");
    }
}
