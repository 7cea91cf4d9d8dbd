//! Whether what is asked of programs can be done.

use std::ffi::OsStr;
use std::path::{Component, PathBuf};

use super::evaluator::CommandEvaluator;
use super::pass::PassConfiguration;
#[cfg(feature = "regex")]
use super::sources::MetricSource;
use super::sources::ReadingOfSeveral;
use crate::error::{Error, Violation};
#[cfg(doc)]
use crate::evaluator::contract::Evaluator;

impl CommandEvaluator {
    /// Whether what is asked for can be done. Starting a job asks this, too. Whether the parameters of a space can be passed,
    /// [`check_space`](Evaluator::check_space) tells, which [`tune`](crate::tune::tune) asks before it starts anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that cannot.
    pub fn check(&self) -> Result<(), Error> {
        Error::unless_empty(self.violations())
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut violations = self.unsound_texts();
        #[cfg(feature = "regex")]
        let takes_several = matches!(self.metric, MetricSource::Pattern(_));
        #[cfg(not(feature = "regex"))]
        let takes_several = false;
        if self.several != ReadingOfSeveral::Last && !takes_several {
            let rule = "several values are found by an expression; a last line and a file have one";
            let remedy = "find the metric by metric_from(MetricSource::Pattern(…))";
            let value = format!("{:?}", self.several);
            violations.push(Violation::new("several_as", value, rule, remedy));
        }
        let mut wants_folder = |what: &str, value: &str| {
            if self.folder.is_none() {
                let rule = "it is in the job's folder, and jobs have none";
                violations.push(Violation::new(what, value, rule, "name a folder by in_folder"));
            }
        };
        if self.pass == PassConfiguration::JsonFile {
            wants_folder("pass", "JsonFile");
        }
        if self.survives {
            wants_folder("surviving", "true");
        }
        for (what, file) in self.files() {
            wants_folder(what, &file.display().to_string());
        }
        for (what, file) in self.files() {
            let is_below = |part: Component<'_>| matches!(part, Component::Normal(_));
            if !file.components().all(is_below) || file.as_os_str().is_empty() {
                let rule = "it is a name below the job's own folder, or jobs would share it";
                let remedy = "name it without a root and without `..`";
                violations.push(Violation::new(what, file.display(), rule, remedy));
            }
        }
        let folder = self.folder.as_ref().filter(|_| self.survives);
        let folder = folder.and_then(|folder| std::path::absolute(folder).ok());
        if let Some(folder) = folder.filter(|folder| folder.to_str().is_none()) {
            let rule = "where surviving jobs run is kept as text";
            violations.push(Violation::new(
                "in_folder",
                folder.display(),
                rule,
                "name it in UTF-8",
            ));
        }
        if self.survives && !cfg!(target_os = "linux") {
            let rule = "programs are found again on Linux only";
            violations.push(Violation::new("surviving", "true", rule, "leave it out"));
        }
        violations.extend(self.setup.iter().flat_map(|setup| setup.violations()));
        if self.program.is_empty() {
            let rule = "there is a program to run";
            violations.push(Violation::new("program", "\"\"", rule, "name one"));
        }
        violations
    }

    /// Texts that no program can be given.
    fn unsound_texts(&self) -> Vec<Violation> {
        let has_nul = |text: &OsStr| text.as_encoded_bytes().contains(&0);
        let prefix = match &self.pass {
            PassConfiguration::Environment { prefix } => Some(("pass", prefix.as_ref())),
            _ => None,
        };
        let folder = |what: &'static str, path: &'_ Option<PathBuf>| {
            path.as_ref().map(|path| (what, path.clone().into_os_string()))
        };
        let folders = [
            folder("working_directory", &self.working_directory),
            folder("in_folder", &self.folder),
        ];
        let texts = std::iter::once(("program", self.program.as_os_str()))
            .chain(self.arguments.iter().map(|argument| ("arguments", argument.as_os_str())))
            .chain(self.environment.iter().flat_map(|(name, value)| {
                [("variable", name.as_os_str()), ("variable", value.as_os_str())]
            }))
            .chain(prefix)
            .chain(folders.iter().flatten().map(|(what, path)| (*what, path.as_os_str())));
        let mut violations: Vec<Violation> = texts
            .filter(|(_, text)| has_nul(text))
            .map(|(what, text)| {
                let rule = "a program cannot be given the character NUL";
                Violation::new(what, format!("{:?}", text.display()), rule, "leave it out")
            })
            .collect();
        for (name, _) in &self.environment {
            if name.is_empty() || name.as_encoded_bytes().contains(&b'=') {
                let rule = "the name of a variable is not empty and has no `=`";
                let value = format!("{:?}", name.display());
                violations.push(Violation::new("variable", value, rule, "rename it"));
            }
        }
        violations
    }
}
