//! Other programs: run with their output shown, kept as well where it is read afterwards.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::repository::root;
use crate::say;

/// A program with its arguments, run in the root of the repository unless it is said where.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Program {
    name: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    folder: PathBuf,
}

/// This toolchain's cargo.
pub(crate) fn cargo(arguments: &[&str]) -> Program {
    program(Path::new(&std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())), arguments)
}

/// Any other program.
pub(crate) fn program(name: &Path, arguments: &[&str]) -> Program {
    let arguments = arguments.iter().map(Into::into).collect();
    Program { name: name.into(), arguments, variables: Vec::new(), folder: root().to_owned() }
}

impl Program {
    /// With an environment variable set.
    pub(crate) fn env(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    /// In another folder.
    pub(crate) fn inside(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Runs it with its output shown.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not exit with 0.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self.command().stdin(Stdio::null()).status().with_context(|| format!("start {self}"))?;
        if !status.success() {
            bail!("{self}: {status}");
        }
        Ok(())
    }

    /// Runs it with nothing shown and gives its standard output.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not exit with 0; the message holds what it wrote to standard error.
    pub(crate) fn read(&self) -> Result<String> {
        let output = self.command().stdin(Stdio::null()).output().with_context(|| format!("start {self}"))?;
        if !output.status.success() {
            bail!("{self}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it with both outputs shown (on standard error) and gives all lines, and whether it exited with 0.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn watch(&self) -> Result<(Vec<String>, bool)> {
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {self}"))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let lines = std::thread::scope(|scope| {
            let out = scope.spawn(|| copy(out));
            let mut lines = copy(err);
            lines.extend(out.join().unwrap_or_default());
            lines
        });
        let status = child.wait().with_context(|| format!("wait for {self}"))?;
        Ok((lines, status.success()))
    }

    /// As the standard library wants it.
    pub(crate) fn command(&self) -> Command {
        let Self { name, arguments, variables, folder } = self;
        let mut command = Command::new(name);
        command.args(arguments).current_dir(folder);
        for (variable, value) in variables {
            command.env(variable, value);
        }
        command
    }
}

/// Shows each line and keeps it.
fn copy(stream: Option<impl Read>) -> Vec<String> {
    let Some(stream) = stream else { return Vec::new() };
    let lines = BufReader::new(stream).split(b'\n').map_while(std::result::Result::ok);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).inspect(|line| say::note(line)).collect()
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, arguments, variables, folder: _ } = self;
        for (variable, value) in variables {
            write!(f, "{variable}={} ", value.display())?;
        }
        write!(f, "{}", Path::new(name).file_name().unwrap_or(name).display())?;
        for argument in arguments {
            write!(f, " {}", argument.display())?;
        }
        Ok(())
    }
}
