//! Runs the jobs of tuning requests of Amazon SageMaker.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use surmise::limits::TuningRules;
use surmise::{CommandEvaluator, Configuration, Evaluator, FunctionEvaluator};
use surmise_bench::gradient_boosting::{DiabetesData, Hyperparameters};
use surmise_sagemaker::container::TrainingContainer;
use surmise_sagemaker::{Document, DocumentReader, Tuning, Validator};

use super::arguments::TuneOptions;
use super::session::{CommandNote, to_strings};
#[cfg(feature = "sdk")]
use super::training_jobs;
use crate::output::{CommandError, InvalidInput};
#[cfg(feature = "sdk")]
use crate::sagemaker::NOTHING_SENT;
use crate::sagemaker::configure_built_in_trees;
use crate::study::{NewStudy, StudyBase, TextDiagnostics};

/// The name of the tuning job if the document has none.
const NAME: &str = "tuning-job";

/// A tuning request, and the runner of its jobs.
pub(super) struct RequestJobs {
    pub(super) name: String,
    document: Document,
    runner: Runner,
    pub(super) rules: TuningRules,
    pub(super) notices: Vec<String>,
}

/// The way in which the jobs of a request are run.
enum Runner {
    /// As a program with the files and variables of a SageMaker training container.
    Program { container: Box<TrainingContainer>, program: OsString, arguments: Vec<OsString> },
    /// As boosted trees, trained by this command on the diabetes data.
    Trees(Box<Hyperparameters>),
    /// As training jobs on SageMaker.
    #[cfg(feature = "sdk")]
    SageMaker(Box<training_jobs::TrainingJobs>),
}

/// Returns whether a file contains a tuning request in JSON, and not a study in TOML.
pub(super) fn is_request(path: &Path, text: &str) -> bool {
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    !is_toml
        && (text.trim_start().starts_with('{')
            || path.extension().is_some_and(|extension| extension == "json"))
}

impl RequestJobs {
    /// Reads and validates the request, and prepares its jobs.
    ///
    /// # Errors
    /// Returns `InvalidInput` if the request cannot be read, if the service would not accept it, or
    /// if this command cannot run its jobs.
    pub(super) fn new(
        options: &TuneOptions,
        path: &Path,
        text: &str,
    ) -> Result<Self, CommandError> {
        let file = path.display();
        let mut reader = DocumentReader::default();
        if let Some(input) = &options.input {
            reader = reader.with_input(input.clone());
        }
        let document = reader.read(text.as_bytes());
        let document = document.map_err(|error| InvalidInput(format!("{file}: {error}")))?;
        let validation = Validator::default().validate(&document);
        if !validation.is_accepted() {
            return Err(InvalidInput(format!("{file}:\n{validation}")).into());
        }
        let tuning = document.tuning()?;
        let mut notices: Vec<String> =
            tuning.not_supported.iter().map(|part| format!("{part}.")).collect();
        let request = document.request_with_name(NAME);
        let name = document.request().map_or_else(|_| NAME.to_owned(), |request| request.name);
        #[cfg(feature = "sdk")]
        if options.sagemaker {
            let jobs = training_jobs::TrainingJobs::new(options, request?, &tuning)?;
            let rules = jobs.rules.clone();
            return Ok(Self {
                name,
                document,
                runner: Runner::SageMaker(Box::new(jobs)),
                rules,
                notices,
            });
        }
        let runner = match program(options) {
            Some((program, arguments)) => {
                let mut container = TrainingContainer::from_request(&request?)?;
                for (name, data) in &options.channel {
                    container = container.with_channel(name, data);
                }
                if options.script.is_some() {
                    container = container.with_hyperparameter_arguments();
                }
                Runner::Program { container: Box::new(container), program, arguments }
            }
            None => {
                let (trees, ignored) = configure_built_in_trees(&tuning).map_err(|why| {
                    InvalidInput(format!(
                        "{file}: {why}; add --script FILE with its training script, or write its \
                         program after `--`"
                    ))
                })?;
                notices.push(
                    "Its jobs train boosted trees on the diabetes data; --script FILE runs your \
                     own script."
                        .to_owned(),
                );
                notices.extend(ignored);
                Runner::Trees(Box::new(trees))
            }
        };
        let rules = tuning.rules.clone();
        Ok(Self { name, document, runner, rules, notices })
    }

    /// Creates the study that the request describes, overridden by the options.
    pub(super) fn new_study(
        &self,
        options: &TuneOptions,
    ) -> Result<NewStudy, Vec<TextDiagnostics>> {
        let tuning = self.document.tuning();
        let tuning =
            tuning.map_err(|error| vec![TextDiagnostics::without_span(&error.to_string())])?;
        let Tuning { space, objective, strategy, limits, seed, .. } = tuning;
        let (strategy, seed) = (Some(strategy), seed.unwrap_or(0));
        options.study.study(StudyBase { space, objective, strategy, limits, seed })
    }

    pub(super) fn note(&self, folder: &Path) -> CommandNote {
        let command = match &self.runner {
            Runner::Program { program, arguments, .. } => {
                let words = std::iter::once(program).chain(arguments).cloned();
                to_strings(&words.collect::<Vec<_>>())
            }
            Runner::Trees(_) => vec!["boosted trees".to_owned()],
            #[cfg(feature = "sdk")]
            Runner::SageMaker(_) => vec!["SageMaker".to_owned()],
        };
        let jobs = folder.to_string_lossy().into_owned();
        CommandNote { command, pass: "container".to_owned(), jobs, ..CommandNote::default() }
    }

    pub(super) fn evaluator(
        &self,
        options: &TuneOptions,
        folder: PathBuf,
    ) -> Result<Box<dyn Evaluator>, String> {
        Ok(match &self.runner {
            #[cfg(feature = "sdk")]
            Runner::SageMaker(jobs) => {
                Box::new(jobs.evaluator().map_err(|error| error.to_string())?)
            }
            Runner::Program { container, program, arguments } => {
                let programs = CommandEvaluator::new(program).arguments(arguments);
                let mut programs = container.as_ref().clone().wrap(programs, folder);
                if let Some(timeout) = options.job_timeout {
                    programs = programs.with_max_runtime(timeout);
                }
                Box::new(if options.survive { programs.surviving() } else { programs })
            }
            Runner::Trees(trees) => {
                let (trees, data) = (trees.clone(), DiabetesData::load());
                Box::new(FunctionEvaluator::new(move |configuration: &Configuration| {
                    data.cross_validated_rmse(trees.with_configuration(configuration))
                }))
            }
        })
    }

    /// Returns the maximum cost as text if `--spend` is missing; the jobs are not run then.
    #[cfg(feature = "sdk")]
    pub(super) fn dry_run_text(&self, options: &TuneOptions) -> Option<String> {
        match &self.runner {
            Runner::SageMaker(jobs) if !options.spend => {
                Some(format!("{}\n{NOTHING_SENT}", jobs.max_cost))
            }
            _ => None,
        }
    }

    pub(super) fn has_logs(&self) -> bool {
        matches!(self.runner, Runner::Program { .. })
    }
}

/// Returns the program and its first arguments: a script with its interpreter, or a command.
fn program(options: &TuneOptions) -> Option<(OsString, Vec<OsString>)> {
    if let Some(script) = &options.script {
        let is_python = script.extension().is_some_and(|extension| extension == "py");
        let script = script.clone().into_os_string();
        return Some(if is_python {
            ("python3".into(), vec![script])
        } else {
            (script, Vec::new())
        });
    }
    let (program, arguments) = options.command.split_first()?;
    Some((program.clone(), arguments.to_vec()))
}
