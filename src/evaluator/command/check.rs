//! Validation of the settings of a command evaluator.

use std::ffi::OsStr;
use std::path::{Component, PathBuf};

use super::evaluator::CommandEvaluator;
use super::pass::PassConfiguration;
use super::sources::MatchSelection;
#[cfg(feature = "regex")]
use super::sources::MetricSource;
use crate::error::{Error, Violation};
#[cfg(doc)]
use crate::evaluator::contract::Evaluator;

impl CommandEvaluator {
    /// Checks the settings of this evaluator; [`start`](Evaluator::start) does so, too.
    ///
    /// Whether the parameters of a search space can be passed is checked by
    /// [`check_space`](Evaluator::check_space), which [`tune`](crate::tune::tune) calls before it
    /// starts a job.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a violation for each setting that cannot work.
    pub fn check(&self) -> Result<(), Error> {
        Error::from_violations(self.violations())
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut violations = self.invalid_texts();
        #[cfg(feature = "regex")]
        let has_pattern = matches!(self.metric, MetricSource::Pattern(_));
        #[cfg(not(feature = "regex"))]
        let has_pattern = false;
        if self.match_selection != MatchSelection::Last && !has_pattern {
            let rule = "only a regular expression can find several values in the output";
            let remedy = "read the metric by metric_from(MetricSource::Pattern(…))";
            let value = format!("{:?}", self.match_selection);
            violations.push(Violation::new("match_selection", value, rule, remedy));
        }
        let mut require_folder = |setting: &str, value: &str| {
            if self.folder.is_none() {
                let rule = "it needs a file in the job's folder, and jobs have no folders";
                violations.push(Violation::new(setting, value, rule, "set a folder by in_folder"));
            }
        };
        if self.pass == PassConfiguration::JsonFile {
            require_folder("pass_configuration", "JsonFile");
        }
        if self.is_surviving {
            require_folder("surviving", "true");
        }
        for (setting, file) in self.files() {
            require_folder(setting, &file.display().to_string());
        }
        for (setting, file) in self.files() {
            let is_below = |part: Component<'_>| matches!(part, Component::Normal(_));
            if !file.components().all(is_below) || file.as_os_str().is_empty() {
                let rule = "it must be a path below the job's folder, so that jobs do not share it";
                let remedy = "give a relative path without `..`";
                violations.push(Violation::new(setting, file.display(), rule, remedy));
            }
        }
        let folder = self.folder.as_ref().filter(|_| self.is_surviving);
        let folder = folder.and_then(|folder| std::path::absolute(folder).ok());
        if let Some(folder) = folder.filter(|folder| folder.to_str().is_none()) {
            let rule = "the path of the folder of surviving jobs must be UTF-8";
            let remedy = "choose a folder with a UTF-8 path";
            violations.push(Violation::new("in_folder", folder.display(), rule, remedy));
        }
        if self.is_surviving && !cfg!(target_os = "linux") {
            let rule = "jobs can survive the tuner on Linux only";
            let remedy = "remove the call of `surviving` (`--survive`)";
            violations.push(Violation::new("surviving", "true", rule, remedy));
        }
        violations.extend(self.setup.iter().flat_map(|setup| setup.violations()));
        if self.program.is_empty() {
            let rule = "the program must not be empty";
            violations.push(Violation::new("program", "\"\"", rule, "name a program"));
        }
        violations
    }

    /// Returns a violation for each text that cannot be passed to a program.
    fn invalid_texts(&self) -> Vec<Violation> {
        let has_nul = |text: &OsStr| text.as_encoded_bytes().contains(&0);
        let prefix = match &self.pass {
            PassConfiguration::Environment { prefix } => {
                Some(("pass_configuration", prefix.as_ref()))
            }
            _ => None,
        };
        let folder = |setting: &'static str, path: &'_ Option<PathBuf>| {
            path.as_ref().map(|path| (setting, path.clone().into_os_string()))
        };
        let folders = [
            folder("working_directory", &self.working_directory),
            folder("in_folder", &self.folder),
        ];
        let program = ("program", self.program.as_os_str());
        let texts = std::iter::once(program)
            .chain(self.arguments.iter().map(|argument| ("arguments", argument.as_os_str())))
            .chain(self.environment.iter().flat_map(|(name, value)| {
                [name, value].map(|text| ("environment_variable", text.as_os_str()))
            }))
            .chain(prefix)
            .chain(folders.iter().flatten().map(|(setting, path)| (*setting, path.as_os_str())));
        let mut violations: Vec<Violation> = texts
            .filter(|(_, text)| has_nul(text))
            .map(|(setting, text)| {
                let rule = "texts for a program must not contain the character NUL";
                let remedy = "remove the character";
                Violation::new(setting, format!("{:?}", text.display()), rule, remedy)
            })
            .collect();
        for (name, _) in &self.environment {
            if name.is_empty() || name.as_encoded_bytes().contains(&b'=') {
                let rule = "the name of a variable must not be empty and must not contain `=`";
                let value = format!("{:?}", name.display());
                violations.push(Violation::new("environment_variable", value, rule, "rename it"));
            }
        }
        violations
    }
}
