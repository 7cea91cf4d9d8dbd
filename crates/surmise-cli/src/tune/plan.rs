//! The validated plan of a tuning: its name, its journal and its jobs.

use std::path::PathBuf;

use surmise::error::Violation;
use surmise::limits::TuningRules;
use surmise::{Configuration, Evaluator, Objective};
use surmise_bench::Case;

use super::arguments::TuneOptions;
use super::jobs::{CommandJobs, default_name, function_evaluator, test_function};
use super::request::RequestJobs;
use super::session::CommandNote;
use crate::layout::jobs_folder;
use crate::study::{NO_METRIC, NewStudy, StudyBase, TextDiagnostics, quote};

/// The validated options of a tuning.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) journal: PathBuf,
    pub(super) jobs: Jobs,
    /// The rules of a request, before options override them.
    pub(super) rules: TuningRules,
    /// Notices about the request, for the user.
    pub(super) notices: Vec<String>,
}

/// The program, function or request whose jobs are run.
pub(super) enum Jobs {
    Command(Box<CommandJobs>),
    Function(Box<Case>),
    Request(Box<RequestJobs>),
}

impl Plan {
    /// Validates the options and the request.
    ///
    /// # Errors
    /// Returns all errors in the options.
    pub(super) fn new(
        options: &TuneOptions,
        request: Option<RequestJobs>,
    ) -> Result<Self, Vec<TextDiagnostics>> {
        if options.name.as_deref() == Some("") {
            return Err(vec![TextDiagnostics::without_span(
                "--name is empty: write a name, or omit the option",
            )]);
        }
        let unused = options.unused_options(request.is_some());
        if !unused.is_empty() {
            let kind = if request.is_some() { "a request" } else { "a function" };
            let unused = unused.join(", ");
            let message = format!("{unused} cannot be used with {kind}: remove the option");
            return Err(vec![TextDiagnostics::without_span(&message)]);
        }
        if let Some(request) = request {
            let name = options.name.clone().unwrap_or_else(|| request.name.clone());
            let journal = journal_path(options, &name);
            let (rules, notices) = (request.rules.clone(), request.notices.clone());
            let plan =
                Self { name, journal, jobs: Jobs::Request(Box::new(request)), rules, notices };
            plan.new_study(options)?;
            return Ok(plan);
        }
        if let Some(name) = &options.function {
            let case = test_function(name).map_err(|errors| vec![errors])?;
            let name = options.name.clone().unwrap_or_else(|| name.clone());
            return Ok(Self::from_options(options, name, Jobs::Function(Box::new(case))));
        }
        let name = options.name.clone().unwrap_or_else(|| default_name(&options.command));
        let folder = jobs_folder(&journal_path(options, &name));
        let mut errors = Vec::new();
        let objective = options.study.objective();
        if objective.is_none() {
            errors.push(TextDiagnostics::without_span(NO_METRIC));
        }
        // If the metric is missing, a default name makes it possible to find the other errors.
        let objective = objective.unwrap_or_else(|| Objective::minimize("loss"));
        let space = options.study.space();
        let jobs = CommandJobs::new(options, &objective.metric_name, &folder);
        match (space, jobs) {
            (Ok(space), Ok(jobs)) => {
                let violations = jobs.template.check(space.ranges());
                let to_error =
                    |violation: &Violation| TextDiagnostics::without_span(&violation.to_string());
                errors.extend(violations.iter().map(to_error));
                errors.extend(
                    options
                        .study
                        .study(StudyBase::new(space, objective))
                        .err()
                        .into_iter()
                        .flatten(),
                );
                if !errors.is_empty() {
                    return Err(errors);
                }
                Ok(Self::from_options(options, name, Jobs::Command(Box::new(jobs))))
            }
            (space, jobs) => {
                errors.extend([space.err(), jobs.err()].into_iter().flatten().flatten());
                Err(errors)
            }
        }
    }

    fn from_options(options: &TuneOptions, name: String, jobs: Jobs) -> Self {
        let journal = journal_path(options, &name);
        Self { name, journal, jobs, rules: TuningRules::default(), notices: Vec::new() }
    }

    /// Returns the name of the study for other subcommands, quoted for a shell.
    pub(super) fn quoted_name(&self) -> String {
        let name = self.journal.to_string_lossy();
        quote(name.strip_suffix(".surmise").unwrap_or(&name))
    }

    /// Returns the folder that contains the job folders.
    pub(super) fn jobs_folder(&self) -> PathBuf {
        jobs_folder(&self.journal)
    }

    /// Creates the study without trials.
    ///
    /// # Errors
    /// Returns all errors in its options.
    pub(super) fn new_study(
        &self,
        options: &TuneOptions,
    ) -> Result<NewStudy, Vec<TextDiagnostics>> {
        match &self.jobs {
            Jobs::Command(_) => {
                let objective = options.study.objective();
                let objective = objective.unwrap_or_else(|| Objective::minimize("loss"));
                options.study.study(StudyBase::new(options.study.space()?, objective))
            }
            Jobs::Function(case) => {
                let objective = options.study.objective();
                let objective = objective.unwrap_or_else(|| Objective::minimize("value"));
                options.study.study(StudyBase::new(case.problem().space().clone(), objective))
            }
            Jobs::Request(request) => request.new_study(options),
        }
    }

    pub(super) fn note(&self) -> CommandNote {
        match &self.jobs {
            Jobs::Command(jobs) => jobs.note.clone(),
            Jobs::Function(case) => CommandNote {
                command: vec![format!("--function {}", case.problem().name())],
                ..CommandNote::default()
            },
            Jobs::Request(request) => request.note(&self.jobs_folder()),
        }
    }

    /// Creates the evaluator that runs the jobs.
    pub(super) fn evaluator(
        &self,
        options: &TuneOptions,
    ) -> Result<Box<dyn Evaluator>, Vec<TextDiagnostics>> {
        Ok(match &self.jobs {
            Jobs::Command(jobs) => Box::new(jobs.evaluator(options, self.jobs_folder())),
            Jobs::Function(case) => {
                let case = test_function(case.problem().name()).map_err(|errors| vec![errors])?;
                Box::new(function_evaluator(case, options.study.seed.unwrap_or(0)))
            }
            Jobs::Request(request) => request
                .evaluator(options, self.jobs_folder())
                .map_err(|error| vec![TextDiagnostics::without_span(&error)])?,
        })
    }
}

impl Jobs {
    /// Returns the command with this configuration, quoted for a shell; `None` if there is none.
    pub(super) fn command_line(&self, configuration: &Configuration) -> Option<String> {
        match self {
            Self::Command(jobs) => Some(jobs.command_line(configuration)),
            Self::Function(_) | Self::Request(_) => None,
        }
    }

    /// Returns whether the output of jobs is stored in files.
    pub(super) fn has_logs(&self) -> bool {
        match self {
            Self::Command(_) => true,
            Self::Function(_) => false,
            Self::Request(request) => request.has_logs(),
        }
    }
}

/// Returns the journal file: that of `--journal`, or the study's name with `.surmise`.
fn journal_path(options: &TuneOptions, name: &str) -> PathBuf {
    options.journal.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.surmise")))
}
