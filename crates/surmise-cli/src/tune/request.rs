//! Tuning requests of Amazon SageMaker, run on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use surmise::limits::TuningRules;
use surmise::{CommandEvaluator, Configuration, Evaluator, FunctionEvaluator};
use surmise_bench::learner::{Diabetes, Hyperparameters};
use surmise_sagemaker::container::TrainingContainer;
use surmise_sagemaker::{Document, DocumentReader, Judge, Tuning};

use super::arguments::TuneOptions;
use super::session::{CommandNote, as_text};
#[cfg(feature = "sdk")]
use super::training_jobs;
use crate::output::{Failure, Unreadable};
use crate::sagemaker::learner;
use crate::study::{FaultyText, NewStudy, StudyBase};

/// The name of the tuning job where the document gives none.
const NAME: &str = "tuning-job";

/// A request with what runs its jobs.
pub(super) struct RequestJobs {
    pub(super) name: String,
    document: Document,
    runner: Runner,
    pub(super) rules: TuningRules,
    pub(super) said: Vec<String>,
}

/// What runs the jobs of a request.
enum Runner {
    /// A program in the container contract.
    Program { container: Box<TrainingContainer>, program: OsString, arguments: Vec<OsString> },
    /// The boosted trees of this command, on the diabetes data.
    Trees(Box<Hyperparameters>),
    /// Training jobs on SageMaker.
    #[cfg(feature = "sdk")]
    SageMaker(Box<training_jobs::TrainingJobs>),
}

/// Whether a file holds a tuning request rather than a study in TOML.
pub(super) fn is_request(path: &Path, text: &str) -> bool {
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    !is_toml
        && (text.trim_start().starts_with('{')
            || path.extension().is_some_and(|extension| extension == "json"))
}

impl RequestJobs {
    /// # Errors
    /// If the request cannot be read, the service would not accept it, or nothing here can run its jobs.
    pub(super) fn new(options: &TuneOptions, path: &Path, text: &str) -> Result<Self, Failure> {
        let file = path.display();
        let mut reader = DocumentReader::default();
        if let Some(input) = &options.input {
            reader = reader.with_input(input.clone());
        }
        let document = reader.read(text.as_bytes());
        let document = document.map_err(|error| Unreadable(format!("{file}: {error}")))?;
        let verdict = Judge::default().judge(&document);
        if !verdict.is_accepted() {
            return Err(Unreadable(format!("{file}:\n{verdict}")).into());
        }
        let tuning = document.tuning()?;
        let mut said: Vec<String> =
            tuning.not_supported.iter().map(|part| format!("{part}.")).collect();
        let request = document.request_named(NAME);
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
                said,
            });
        }
        let runner = match program(options) {
            Some((program, arguments)) => {
                let mut container = TrainingContainer::of(&request?)?;
                for (name, data) in &options.channel {
                    container = container.channel(name, data);
                }
                if options.script.is_some() {
                    container = container.with_arguments();
                }
                Runner::Program { container: Box::new(container), program, arguments }
            }
            None => {
                let (trees, ignored) = learner(&tuning).map_err(|why| {
                    Unreadable(format!(
                        "{file}: {why}; give its script by --script FILE, or its program after `--`"
                    ))
                })?;
                said.push(
                    "Its jobs are boosted trees on the diabetes data; --script FILE runs your own."
                        .to_owned(),
                );
                said.extend(ignored);
                Runner::Trees(Box::new(trees))
            }
        };
        let rules = tuning.rules.clone();
        Ok(Self { name, document, runner, rules, said })
    }

    /// The study as the request wants it, with what the options say instead.
    pub(super) fn new_study(&self, options: &TuneOptions) -> Result<NewStudy, Vec<FaultyText>> {
        let tuning = self.document.tuning();
        let tuning = tuning.map_err(|error| vec![FaultyText::without_place(&error.to_string())])?;
        let Tuning { space, objective, strategy, limits, seed, .. } = tuning;
        let (strategy, seed) = (Some(strategy), seed.unwrap_or(0));
        options.study.study(StudyBase { space, objective, strategy, limits, seed })
    }

    pub(super) fn note(&self, folder: &Path) -> CommandNote {
        let command = match &self.runner {
            Runner::Program { program, arguments, .. } => {
                let words = std::iter::once(program).chain(arguments).cloned();
                as_text(&words.collect::<Vec<_>>())
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
                let mut programs = container.as_ref().clone().around(programs, folder);
                if let Some(longest) = options.job_timeout {
                    programs = programs.with_max_runtime(longest);
                }
                Box::new(if options.survive { programs.surviving() } else { programs })
            }
            Runner::Trees(trees) => {
                let (trees, data) = (trees.clone(), Diabetes::read());
                Box::new(FunctionEvaluator::new(move |configuration: &Configuration| {
                    data.cross_validated_rmse(trees.with(configuration))
                }))
            }
        })
    }

    /// What is said in place of running the jobs: what they could cost, unless that is accepted.
    #[cfg(feature = "sdk")]
    pub(super) fn unspent(&self, options: &TuneOptions) -> Option<String> {
        match &self.runner {
            Runner::SageMaker(jobs) if !options.spend => {
                Some(format!("{}\nNothing was sent. With --spend it is done.", jobs.most_cost))
            }
            _ => None,
        }
    }

    pub(super) fn has_logs(&self) -> bool {
        matches!(self.runner, Runner::Program { .. })
    }
}

/// The program that the options name: a script with what runs it, or a command.
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
