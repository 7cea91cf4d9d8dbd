//! Passes the configuration of a trial to a program.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::error::{EvaluatorError, Violation};
use crate::space::Configuration;

/// Selects how a program receives its configuration.
///
/// With every variant, the environment of the program has these variables:
///
/// - `SURMISE_TRIAL` and `SURMISE_ATTEMPT`, the numbers of the trial and of the attempt,
/// - `SURMISE_DEADLINE`, the timeout of the job in seconds, if it has one,
/// - `SURMISE_FOLDER`, the path of the job's folder, if jobs have folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassConfiguration {
    /// As the last arguments, each in the form `--name=value`.
    ///
    /// Booleans are written `true` and `false`, null is written `null`. Note that Python's
    /// `bool("false")` is true: compare the text instead.
    #[default]
    Arguments,
    /// As environment variables, named by the prefix and the parameter's name in capitals.
    /// Characters other than ASCII letters and digits become `_`.
    Environment {
        /// The beginning of the names of the variables, such as `SM_HP_`.
        prefix: String,
    },
    /// As a JSON object in the file `configuration.json` of the job's folder; the path of the file
    /// is the last argument.
    JsonFile,
}

impl PassConfiguration {
    /// Adds a configuration to a command. Without a `folder`, the JSON file is written to the
    /// working directory.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the file cannot be written, or if two parameters would become the same
    /// variable.
    pub fn apply(
        &self,
        configuration: &Configuration,
        folder: Option<&Path>,
        command: &mut Command,
    ) -> Result<(), EvaluatorError> {
        let values = configuration.iter().map(|(name, value)| (name, value.to_text()));
        match self {
            Self::Arguments => {
                command.args(values.map(|(name, value)| format!("--{name}={value}")));
            }
            Self::Environment { prefix } => {
                command.envs(variables(prefix, values)?);
            }
            Self::JsonFile => {
                let file = folder.unwrap_or(Path::new("")).join("configuration.json");
                let text = serde_json::to_string_pretty(configuration)
                    .map_err(|error| EvaluatorError::new(error.to_string()))?;
                fs::write(&file, text + "\n").map_err(|error| io_error("write", &file, &error))?;
                command.arg(file);
            }
        }
        Ok(())
    }
}

impl PassConfiguration {
    /// Returns a violation for each parameter name that cannot be passed.
    ///
    /// `environment` has the names and values of the variables that all jobs get; a parameter must
    /// not hide one of them.
    pub fn violations<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        environment: &[(OsString, OsString)],
    ) -> Vec<Violation> {
        let Self::Environment { prefix } = self else { return Vec::new() };
        let mut violations = Vec::new();
        let mut seen: HashMap<String, &str> = HashMap::new();
        for name in names {
            let variable = variable(prefix, name);
            let remedy = "use another prefix, or pass configurations as arguments or as a file";
            if RESERVED.contains(&variable.as_str()) {
                let rule =
                    format!("it must not become the variable {variable}, which every job has");
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
            let is_essential = ESSENTIAL.contains(&variable.as_str());
            if is_essential || environment.iter().any(|(name, _)| *name == *variable) {
                let rule = match is_essential {
                    true => {
                        format!("it must not hide the variable {variable}, which programs need")
                    }
                    false => {
                        format!(
                            "it must not hide the variable {variable}, which all jobs are given"
                        )
                    }
                };
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
            if let Some(other) = seen.insert(variable.clone(), name) {
                let rule =
                    format!("{other:?} and {name:?} would both become the variable {variable}");
                let remedy = "rename one, or pass configurations as arguments or as a file";
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
        }
        violations
    }
}

/// Variables that the evaluator sets for every job.
const RESERVED: [&str; 4] =
    ["SURMISE_TRIAL", "SURMISE_ATTEMPT", "SURMISE_DEADLINE", "SURMISE_FOLDER"];

/// Variables that programs need to find other programs and libraries.
const ESSENTIAL: [&str; 5] = ["PATH", "HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH"];

fn variable(prefix: &str, name: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    prefix.chars().chain(name.chars().map(upper)).collect()
}

/// Returns the variables of a configuration, by name.
///
/// # Errors
/// [`EvaluatorError`] if two parameters would become the same variable.
fn variables<'a>(
    prefix: &str,
    values: impl Iterator<Item = (&'a str, String)>,
) -> Result<HashMap<String, String>, EvaluatorError> {
    let mut variables: HashMap<String, String> = HashMap::new();
    for (name, value) in values {
        let variable = variable(prefix, name);
        if variables.insert(variable.clone(), value).is_some() {
            return Err(EvaluatorError::new(format!(
                "two parameters, one of them {name:?}, would both become the variable {variable}: \
                 rename one, or pass configurations as arguments or as a file"
            )));
        }
    }
    Ok(variables)
}

/// Returns the error "cannot `action` `path`" with the cause.
pub(super) fn io_error(action: &str, path: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot {action} {}: {error}", path.display()))
}
