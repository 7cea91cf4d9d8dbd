//! Validates a tuning request, prints the study that it describes, and runs it on this machine.
//!
//! The jobs are those of `surmise demo`: they train gradient-boosted trees on the diabetes data,
//! with XGBoost's names of hyperparameters.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use surmise::pattern::MetricPattern;
use surmise::{Configuration, FunctionEvaluator, Goal, Order, Study, StudySettings, Tuner};
use surmise_bench::gradient_boosting::{DiabetesData, Hyperparameters};
use surmise_sagemaker::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, Document, DocumentFormat,
    DocumentReader, JobStrategy, ReadError, Tuning, TuningJobDescription, TuningJobStatus,
    Validator, training_job_summaries,
};

use super::arguments::{LimitOverrides, RequestOptions};
use super::built_in_trees::configure_built_in_trees;
use super::value_parsers::read_bytes;
use crate::output::{CommandError, print_line, print_to_stderr};

/// The name of the tuning job if the document has none.
const NAME: &str = "local-tuning-job";
/// Number of rows in the table of the best training jobs.
const TABLE_ROWS: usize = 5;

/// The treatment of a request that the service would accept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action<'a> {
    Check,
    Run(&'a LimitOverrides),
    Write(&'a LimitOverrides),
    Describe(&'a LimitOverrides),
}

impl Action<'_> {
    fn limit_overrides(self) -> LimitOverrides {
        match self {
            Self::Check => LimitOverrides::default(),
            Self::Run(limits) | Self::Write(limits) | Self::Describe(limits) => *limits,
        }
    }
}

/// Validates a request, does the action, and returns the exit status.
///
/// It is 0 if the action succeeds, and 1 if the service would reject the request. It is 2 if the
/// request cannot be read, and 3 if the action fails.
pub(super) fn validate_and_run(options: &RequestOptions, action: Action<'_>) -> ExitCode {
    let printer = Printer { to_stderr: matches!(action, Action::Write(_) | Action::Describe(_)) };
    let (document, validator) = match read(options, printer) {
        Ok(read) => read,
        Err(error) => {
            print_to_stderr(error);
            return ExitCode::from(2);
        }
    };
    let validation = validator.validate(&document);
    printer.print(&validation);
    if !validation.is_accepted() {
        return ExitCode::from(1);
    }
    if let Action::Check = action {
        return ExitCode::SUCCESS;
    }
    match run(&document, &validator, action, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.print(format!("\n{error}"));
            ExitCode::from(3)
        }
    }
}

/// Prints messages to standard output, or to standard error if standard output is for JSON.
#[derive(Debug, Clone, Copy)]
struct Printer {
    to_stderr: bool,
}

impl Printer {
    fn print(self, text: impl Display) {
        if self.to_stderr { print_to_stderr(text) } else { print_if_possible(&text) }
    }
}

/// Prints a line to standard output and ignores all errors of writing.
fn print_if_possible(text: impl Display) {
    let _ = print_line(text);
}

fn read(options: &RequestOptions, printer: Printer) -> Result<(Document, Validator), CommandError> {
    let mut reader = DocumentReader::default();
    if let Some(input) = &options.input {
        reader = reader.with_input(input.clone());
    }
    if let Some(context) = &options.context {
        reader = reader.with_context(context.clone());
    }
    if let Some(state) = &options.state {
        reader = reader.with_state(state);
    }
    let file = options.file.as_str();
    let name = if file == "-" { "standard input" } else { file };
    let document = reader.read(&read_bytes(file)?).map_err(|error| match error {
        ReadError::SeveralTasks { .. } => format!("{name}: {error} with --state NAME"),
        error => format!("{name}: {error}"),
    })?;
    printer.print(match document.format() {
        DocumentFormat::StateMachine { state, waits_for_completion, .. } => {
            let behavior = if *waits_for_completion {
                "which waits for its end"
            } else {
                "which does not wait for its end"
            };
            let name = if state.is_empty() {
                "a state".to_owned()
            } else {
                format!("the state {state:?}")
            };
            format!("The request creates a tuning job in {name}, {behavior}.")
        }
        DocumentFormat::Config => {
            "The document is a tuning configuration without training jobs.".to_owned()
        }
        DocumentFormat::Description => {
            "The document describes a tuning job; it is read as its request.".to_owned()
        }
        DocumentFormat::Pipeline { step, .. } => {
            format!("The request creates a tuning job in the step {step:?} of a pipeline.")
        }
        _ => "The document is a complete request.".to_owned(),
    });
    let mut validator = Validator::default().with_quotas(options.quotas);
    if let Some(description) = &options.algorithm {
        validator =
            validator.with_algorithm(AlgorithmDescription::read(&read_bytes(description)?)?);
    }
    if let Some(log_file) = &options.log {
        let log = String::from_utf8_lossy(&read_bytes(log_file)?).into_owned();
        if log.trim().is_empty() {
            return Err(format!("the log {log_file} is empty: give the output of a job").into());
        }
        print_metrics(&document, &log, printer);
        validator = validator.with_log_lines(log.lines());
    }
    Ok((document, validator))
}

/// Prints the values that the regular expression of each metric captures in a log.
fn print_metrics(document: &Document, log: &str, printer: Printer) {
    let Ok(request) = document.request_with_name(NAME) else { return };
    let definitions = request.all_definitions();
    for metric in
        definitions.flat_map(|definition| definition.algorithm.metric_definitions.iter().flatten())
    {
        let Ok(pattern) = MetricPattern::new(&metric.regex) else { continue };
        let values: Vec<&str> = log.lines().filter_map(|line| pattern.find(line)).collect();
        if let [first, .., last] | [first @ last] = values.as_slice() {
            let count = values.len();
            printer.print(format!("{}: {count} values, from {first:?} to {last:?}", metric.name));
        }
    }
}

/// Prints the study, and runs it if the built-in trees have all its hyperparameters.
fn run(
    document: &Document,
    validator: &Validator,
    action: Action<'_>,
    printer: Printer,
) -> Result<(), CommandError> {
    let mut tuning = document.tuning()?;
    let overrides = action.limit_overrides();
    tuning.limits.max_jobs = overrides.jobs.map(NonZeroUsize::get).or(tuning.limits.max_jobs);
    let parallel = overrides.parallel.map(NonZeroUsize::get);
    tuning.limits.max_parallel_jobs = parallel.unwrap_or(tuning.limits.max_parallel_jobs);
    tuning.seed = overrides.seed.or(tuning.seed);
    if let Action::Write(_) = action {
        let request = named_request(document, printer)?;
        let written = request.for_study(&tuning.study()?, validator)?;
        print_if_possible(document.to_json_text(&written)?);
        return Ok(());
    }
    print_study(&tuning, document.config()?.strategy, printer);
    let fixed = fixed_hyperparameters(&tuning, printer)
        .map_err(|why| format!("The request cannot be run: {why}."))?;
    let Tuning { space, objective, limits, strategy, seed, rules, .. } = tuning;
    let order = Order::FixedLag(limits.max_parallel_jobs);
    let settings =
        StudySettings { seed: seed.unwrap_or(1), order, limits, ..StudySettings::default() };
    let mut study = Study::new(space, objective, strategy, settings)?;
    let data = DiabetesData::load();
    let mut jobs = FunctionEvaluator::new(move |configuration: &Configuration| {
        data.cross_validated_rmse(fixed.with_configuration(configuration))
    });
    let result = Tuner::with_rules(rules).run(&mut study, &mut jobs)?;
    printer.print(format!("\nThe tuning ended: {}.", result.reason));
    print_result(document, &study, matches!(action, Action::Describe(_)), printer)
}

/// Returns the request, with a placeholder for its name if the name is unknown.
fn named_request(
    document: &Document,
    printer: Printer,
) -> Result<CreateHyperParameterTuningJobRequest, surmise::Error> {
    document.request().or_else(|_| {
        let request = document.request_with_name(NAME)?;
        printer.print(format!("The name of the tuning job is unknown; {NAME:?} is used instead."));
        Ok(request)
    })
}

fn print_study(tuning: &Tuning, strategy: JobStrategy, printer: Printer) {
    let Tuning { space, objective, limits, .. } = tuning;
    let jobs = limits.max_jobs.map_or("any number of".to_owned(), |jobs| jobs.to_string());
    let size = if objective.goal == Goal::Minimize { "small" } else { "large" };
    printer.print(format!(
        "\nThe study: {} as {size} as possible, strategy {strategy}.",
        objective.metric_name
    ));
    printer.print(format!("{jobs} jobs, {} at a time.", limits.max_parallel_jobs));
    for range in space.ranges() {
        let reason = range.resolved_scaling().map_or("a choice", |scale| &scale.reason);
        printer.print(format!("  {:<20} {reason}", range.name()));
    }
    for (name, value) in &tuning.static_values {
        printer.print(format!("  {name:<20} always {value}"));
    }
    for part in &tuning.not_supported {
        printer.print(format!("{part}."));
    }
}

/// Returns the fixed hyperparameters of all jobs, if the built-in trees can run the jobs.
fn fixed_hyperparameters(tuning: &Tuning, printer: Printer) -> Result<Hyperparameters, String> {
    if tuning.limits.max_jobs.is_none() && !tuning.is_grid() {
        return Err("the number of jobs is not limited; add --jobs N".to_owned());
    }
    let (fixed, ignored) = configure_built_in_trees(tuning)?;
    for text in ignored {
        printer.print(text);
    }
    Ok(fixed)
}

fn print_result(
    document: &Document,
    study: &Study,
    describe: bool,
    printer: Printer,
) -> Result<(), CommandError> {
    if *document.format() == DocumentFormat::Config {
        if let Some(best) = study.best() {
            printer.print(format!(
                "\nbest: {} from {}",
                best.value().unwrap_or(f64::NAN),
                best.configuration
            ));
        }
        return Ok(());
    }
    let request = named_request(document, printer)?;
    let mut jobs = training_job_summaries(&request, study);
    let value = |job: &surmise_sagemaker::TrainingJobSummary| {
        job.final_metric.as_ref().map_or(f64::INFINITY, |metric| metric.value)
    };
    jobs.sort_by(|a, b| value(a).total_cmp(&value(b)));
    printer.print(format!(
        "\n{:<50} {:>10}  result values",
        "training job",
        study.objective().metric_name
    ));
    for job in jobs.iter().take(TABLE_ROWS) {
        let values: Vec<String> = job
            .tuned_hyper_parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        printer.print(format!("{:<50} {:>10.4}  {}", job.name, value(job), values.join(" ")));
    }
    let description = TuningJobDescription::from_study(&request, study, TuningJobStatus::Completed);
    let counters = description.training_job_status_counters;
    printer.print(format!(
        "{:?}: {} completed, {} failed, {} stopped",
        description.status, counters.completed, counters.non_retryable_error, counters.stopped
    ));
    if let Some(input) = description.next_states_input() {
        printer.print(format!("Input of the next states: {input}"));
    }
    if describe {
        print_if_possible(format!("{:#}", serde_json::to_value(&description)?));
    }
    Ok(())
}
