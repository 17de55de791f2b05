//! What can be said on the command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// How it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// How often everything is done.
    pub(crate) rounds: usize,
    /// 500 files, no large ones.
    pub(crate) quick: bool,
    /// The Python environment with the other tools.
    pub(crate) venv: PathBuf,
    /// The program `driftlessd`; without it only the others run.
    pub(crate) daemon: Option<PathBuf>,
    /// A folder that keeps builds, outputs and the server's log of every run.
    pub(crate) keep: Option<PathBuf>,
    /// Only the tools whose name begins with one of these.
    pub(crate) only: Vec<String>,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// When one is unknown or lacks its value.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            rounds: 0,
            quick: false,
            venv: "target/bench-venv".into(),
            daemon: None,
            keep: None,
            only: Vec::new(),
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--quick" => options.quick = true,
                "--rounds" => {
                    let rounds = value()?;
                    options.rounds = rounds.parse().with_context(|| format!("`{rounds}` is not a number"))?;
                }
                "--venv" => options.venv = value()?.into(),
                "--daemon" => options.daemon = Some(value()?.into()),
                "--keep" => options.keep = Some(value()?.into()),
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                _ => bail!("there is no `{word}`"),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 1 } else { 5 };
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn read(words: &[&str]) -> anyhow::Result<Options> {
        Options::read(words.iter().map(ToString::to_string))
    }

    #[test]
    fn five_rounds_unless_quick_or_told_otherwise() {
        assert_eq!(read(&[]).unwrap().rounds, 5);
        assert_eq!(read(&["--quick"]).unwrap().rounds, 1);
        assert_eq!(read(&["--rounds", "2", "--quick"]).unwrap().rounds, 2);
        assert_eq!(read(&["--rounds"]).unwrap_err().to_string(), "`--rounds` needs a value");
        assert_eq!(read(&["--fast"]).unwrap_err().to_string(), "there is no `--fast`");
    }
}
