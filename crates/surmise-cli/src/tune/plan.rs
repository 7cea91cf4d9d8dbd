//! What is tuned and what runs its jobs, without a fault.

use std::path::PathBuf;

use surmise::error::Violation;
use surmise::limits::TuningRules;
use surmise::{Configuration, Evaluator, Objective};
use surmise_bench::Case;

use super::arguments::TuneOptions;
use super::jobs::{CommandJobs, function, function_evaluator, name_of};
use super::request::RequestJobs;
use super::session::CommandNote;
use crate::layout::jobs_folder;
use crate::study::{FaultyText, NO_METRIC, NewStudy, StudyBase, quoted};

/// What is tuned.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) journal: PathBuf,
    pub(super) jobs: Jobs,
    /// Rules that the options do not change.
    pub(super) rules: TuningRules,
    /// What people should know, a sentence each.
    pub(super) said: Vec<String>,
}

/// What runs the jobs.
pub(super) enum Jobs {
    Command(Box<CommandJobs>),
    Function(Box<Case>),
    Request(Box<RequestJobs>),
}

impl Plan {
    /// # Errors
    /// Everything that is wrong with the options.
    pub(super) fn new(
        options: &TuneOptions,
        request: Option<RequestJobs>,
    ) -> Result<Self, Vec<FaultyText>> {
        if options.name.as_deref() == Some("") {
            return Err(vec![FaultyText::without_place(
                "--name is empty: write a name, or leave it out",
            )]);
        }
        let unused = options.unused_options(request.is_some());
        if !unused.is_empty() {
            let what = if request.is_some() { "a request" } else { "a function" };
            let why = format!("{} cannot be used with {what}: leave it out", unused.join(", "));
            return Err(vec![FaultyText::without_place(&why)]);
        }
        if let Some(request) = request {
            let name = options.name.clone().unwrap_or_else(|| request.name.clone());
            let journal = journal(options, &name);
            let (rules, said) = (request.rules.clone(), request.said.clone());
            let plan = Self { name, journal, jobs: Jobs::Request(Box::new(request)), rules, said };
            plan.new_study(options)?;
            return Ok(plan);
        }
        if let Some(name) = &options.function {
            let case = function(name).map_err(|faulty| vec![faulty])?;
            let name = options.name.clone().unwrap_or_else(|| name.clone());
            return Ok(Self::with(options, name, Jobs::Function(Box::new(case))));
        }
        let name = options.name.clone().unwrap_or_else(|| name_of(&options.command));
        let folder = jobs_folder(&journal(options, &name));
        let mut faulty = Vec::new();
        let objective = options.study.objective();
        if objective.is_none() {
            faulty.push(FaultyText::without_place(NO_METRIC));
        }
        // What else is wrong is looked for with any metric.
        let objective = objective.unwrap_or_else(|| Objective::minimize("loss"));
        let space = options.study.space();
        let jobs = CommandJobs::new(options, &objective.metric_name, &folder);
        match (space, jobs) {
            (Ok(space), Ok(jobs)) => {
                let violations = jobs.template.check(space.ranges());
                let shown =
                    |violation: &Violation| FaultyText::without_place(&violation.to_string());
                faulty.extend(violations.iter().map(shown));
                faulty.extend(
                    options
                        .study
                        .study(StudyBase::new(space, objective))
                        .err()
                        .into_iter()
                        .flatten(),
                );
                if !faulty.is_empty() {
                    return Err(faulty);
                }
                Ok(Self::with(options, name, Jobs::Command(Box::new(jobs))))
            }
            (space, jobs) => {
                faulty.extend([space.err(), jobs.err()].into_iter().flatten().flatten());
                Err(faulty)
            }
        }
    }

    fn with(options: &TuneOptions, name: String, jobs: Jobs) -> Self {
        let journal = journal(options, &name);
        Self { name, journal, jobs, rules: TuningRules::default(), said: Vec::new() }
    }

    /// What other commands call the study, as a shell takes it.
    pub(super) fn shown_name(&self) -> String {
        let name = self.journal.to_string_lossy();
        quoted(name.strip_suffix(".surmise").unwrap_or(&name))
    }

    /// The folder of the jobs' folders.
    pub(super) fn jobs_folder(&self) -> PathBuf {
        jobs_folder(&self.journal)
    }

    /// The study as it begins.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn new_study(&self, options: &TuneOptions) -> Result<NewStudy, Vec<FaultyText>> {
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

    /// What runs the jobs.
    pub(super) fn evaluator(
        &self,
        options: &TuneOptions,
    ) -> Result<Box<dyn Evaluator>, Vec<FaultyText>> {
        Ok(match &self.jobs {
            Jobs::Command(jobs) => Box::new(jobs.evaluator(options, self.jobs_folder())),
            Jobs::Function(case) => {
                let case = function(case.problem().name()).map_err(|faulty| vec![faulty])?;
                Box::new(function_evaluator(case, options.study.seed.unwrap_or(0)))
            }
            Jobs::Request(request) => request
                .evaluator(options, self.jobs_folder())
                .map_err(|error| vec![FaultyText::without_place(&error)])?,
        })
    }
}

impl Jobs {
    /// The command with this configuration, as a shell takes it, if jobs are commands.
    pub(super) fn command_line(&self, configuration: &Configuration) -> Option<String> {
        match self {
            Self::Command(jobs) => Some(jobs.command_line(configuration)),
            Self::Function(_) | Self::Request(_) => None,
        }
    }

    /// Whether what a job prints is kept.
    pub(super) fn have_logs(&self) -> bool {
        match self {
            Self::Command(_) => true,
            Self::Function(_) => false,
            Self::Request(request) => request.has_logs(),
        }
    }
}

/// The journal's file: the one that is named, or the study's name with `.surmise`.
fn journal(options: &TuneOptions, name: &str) -> PathBuf {
    options.journal.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.surmise")))
}
