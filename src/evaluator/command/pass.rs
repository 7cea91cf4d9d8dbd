//! How a program gets its configuration.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::error::{EvaluatorError, Violation};
use crate::space::Configuration;

/// How a program gets its configuration.
///
/// In any case its environment has `SURMISE_TRIAL` and `SURMISE_ATTEMPT`; `SURMISE_DEADLINE` in seconds, if there is a deadline; and
/// `SURMISE_FOLDER`, if jobs have folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassConfiguration {
    /// As further arguments, `--name=value` each. Booleans are `true` and `false`, null is `null`; mind that Python's `bool("false")` is true.
    #[default]
    Arguments,
    /// As variables of the environment: this prefix and the name in capitals, with `_` for what is neither a letter nor a digit.
    Environment {
        /// What the names of variables begin with, such as `SM_HP_`.
        prefix: String,
    },
    /// As a JSON object in the file `configuration.json` of the job's folder, whose path is the last argument.
    JsonFile,
}

impl PassConfiguration {
    /// Adds a configuration to a command, in this way. A job has a `folder` unless [`CommandEvaluator`](super::CommandEvaluator) was given none.
    ///
    /// # Errors
    /// If the configuration cannot be written as a file, or two parameters would be the same variable.
    pub fn apply(
        &self,
        configuration: &Configuration,
        folder: Option<&Path>,
        command: &mut Command,
    ) -> Result<(), EvaluatorError> {
        let values = configuration.iter().map(|(name, value)| (name, value.printed()));
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
                fs::write(&file, text + "\n").map_err(|error| cannot("write", &file, &error))?;
                command.arg(file);
            }
        }
        Ok(())
    }
}

impl PassConfiguration {
    /// What keeps parameters of these names from being passed, to a program that has these variables (name and value) of its own.
    pub fn violations<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        own: &[(OsString, OsString)],
    ) -> Vec<Violation> {
        let Self::Environment { prefix } = self else { return Vec::new() };
        let mut violations = Vec::new();
        let mut seen: HashMap<String, &str> = HashMap::new();
        for name in names {
            let variable = variable(prefix, name);
            if RESERVED.contains(&variable.as_str()) {
                let rule = format!("as a variable it is {variable}, which tells the job of itself");
                let remedy = "use another prefix, or pass configurations as arguments or as a file";
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
            let is_needed = NEEDED.contains(&variable.as_str());
            if is_needed || own.iter().any(|(known, _)| *known == *variable) {
                let rule = match is_needed {
                    true => format!("as a variable it would hide {variable}, which programs need"),
                    false => format!(
                        "as a variable it would hide {variable}, which is given to all jobs"
                    ),
                };
                let remedy = "use another prefix, or pass configurations as arguments or as a file";
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
            if let Some(other) = seen.insert(variable.clone(), name) {
                let rule = format!("{other:?} and {name:?} would both be the variable {variable}");
                let remedy = "rename one, or pass configurations as arguments or as a file";
                violations.push(Violation::new(name, &variable, rule, remedy));
            }
        }
        violations
    }
}

/// Variables that each job has.
const RESERVED: [&str; 4] =
    ["SURMISE_TRIAL", "SURMISE_ATTEMPT", "SURMISE_DEADLINE", "SURMISE_FOLDER"];

/// Variables by which programs, and what they load, are found.
const NEEDED: [&str; 5] = ["PATH", "HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH"];

/// The name of the variable of a parameter.
fn variable(prefix: &str, name: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    prefix.chars().chain(name.chars().map(upper)).collect()
}

/// Names and values of variables; names that come out the same would hide each other.
fn variables<'a>(
    prefix: &str,
    values: impl Iterator<Item = (&'a str, String)>,
) -> Result<HashMap<String, String>, EvaluatorError> {
    let mut variables: HashMap<String, String> = HashMap::new();
    for (name, value) in values {
        let variable = variable(prefix, name);
        if variables.insert(variable.clone(), value).is_some() {
            return Err(EvaluatorError::new(format!(
                "two parameters, one of them {name:?}, would both be the variable {variable}: rename one, or pass configurations as \
                 arguments or as a file"
            )));
        }
    }
    Ok(variables)
}

/// What could not be done with a file or a folder, and why.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot {what} {}: {error}", path.display()))
}
