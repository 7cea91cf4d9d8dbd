//! Judges a SageMaker tuning request, shows the study it would make, and runs it here if the learner can.
//!
//!     cargo run --example sagemaker_request -- FILE [--input JSON] [--check]
//!
//! The learner is that of `tune_xgboost`: gradient-boosted trees on the diabetes data, in XGBoost's words.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks")]

mod arguments;
#[path = "../tune_xgboost/learner.rs"]
mod learner;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use surmise::sagemaker::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, Document, DocumentReader,
    DocumentShape, JobStrategy, Judge, MetricPattern, ReadError, Tuning, TuningJobDescription,
    TuningJobStatus, service_model, training_jobs,
};
use surmise::{Configuration, FunctionEvaluator, Goal, Order, Study, StudySettings, Tuner};

use arguments::{Arguments, USAGE, bytes};
use learner::{Diabetes, Hyperparameters};

/// The name of the tuning job where the document gives none.
const NAME: &str = "local-tuning-job";
/// Rows of the table of the best.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}; --help tells more");
            return ExitCode::from(2);
        }
    };
    let voice = Voice { is_aside: arguments.write || arguments.describe };
    if arguments.help || arguments.model {
        let text = if arguments.help { USAGE.to_owned() } else { format!("{:#}", service_model()) };
        tell(&text);
        return ExitCode::SUCCESS;
    }
    let (document, judge) = match read(&arguments, voice) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let verdict = judge.judge(&document);
    voice.say(&verdict);
    if !verdict.is_accepted() {
        return ExitCode::from(1);
    }
    if arguments.check {
        return ExitCode::SUCCESS;
    }
    match run(&document, &judge, &arguments, voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            voice.say(format!("\n{error}"));
            ExitCode::from(if voice.is_aside { 3 } else { 0 })
        }
    }
}

/// Text for people: on standard output, or aside where that is for JSON.
#[derive(Debug, Clone, Copy)]
struct Voice {
    is_aside: bool,
}

impl Voice {
    fn say(self, text: impl Display) {
        if self.is_aside { eprintln!("{text}") } else { tell(&text) }
    }
}

/// Writes to standard output; a reader that has gone away is none of our business.
fn tell(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn read(
    arguments: &Arguments,
    voice: Voice,
) -> Result<(Document, Judge), Box<dyn std::error::Error>> {
    let mut reader = DocumentReader::default();
    if let Some(input) = &arguments.input {
        reader = reader.with_input(input.clone());
    }
    if let Some(context) = &arguments.context {
        reader = reader.with_context(context.clone());
    }
    if let Some(state) = &arguments.state {
        reader = reader.with_state(state);
    }
    let file = arguments.file.as_deref().unwrap_or("-");
    let name = if file == "-" { "standard input" } else { file };
    let document = reader.read(&bytes(file)?).map_err(|error| match error {
        ReadError::SeveralTasks { .. } => format!("{name}: {error}, by --state NAME"),
        error => format!("{name}: {error}"),
    })?;
    voice.say(match document.shape() {
        DocumentShape::StateMachine { state, waits, .. } => {
            let end = if *waits { "which waits for its end" } else { "which goes on at once" };
            let name = if state.is_empty() {
                "a state".to_owned()
            } else {
                format!("the state {state:?}")
            };
            format!("A tuning job made by {name}, {end}.")
        }
        DocumentShape::Config => "A configuration, without training jobs.".to_owned(),
        DocumentShape::Description => "A description of a job, taken for its request.".to_owned(),
        DocumentShape::Pipeline { step, .. } => {
            format!("A tuning job made by the step {step:?} of a pipeline.")
        }
        _ => "A whole request.".to_owned(),
    });
    let mut judge = Judge::default().with_quotas(arguments.quotas);
    if let Some(description) = &arguments.algorithm {
        judge = judge.with_algorithm(AlgorithmDescription::read(description)?);
    }
    if let Some(log) = &arguments.log {
        if log.trim().is_empty() {
            return Err("the log has no lines to try expressions on".into());
        }
        show_metrics(&document, log, voice);
        judge = judge.with_log_lines(log.lines());
    }
    Ok((document, judge))
}

/// What each metric's expression captures in a log.
fn show_metrics(document: &Document, log: &str, voice: Voice) {
    let Ok(request) = document.request_named(NAME) else { return };
    let definitions = request.all_definitions();
    for metric in definitions.flat_map(|one| one.algorithm.metric_definitions.iter().flatten()) {
        let Ok(pattern) = MetricPattern::new(&metric.regex) else { continue };
        let values: Vec<&str> = log.lines().filter_map(|line| pattern.find(line)).collect();
        if let [first, .., last] | [first @ last] = values.as_slice() {
            let count = values.len();
            voice.say(format!("{}: {count} values, from {first:?} to {last:?}", metric.name));
        }
    }
}

/// Shows the study, and runs it if the learner has all hyperparameters.
fn run(
    document: &Document,
    judge: &Judge,
    arguments: &Arguments,
    voice: Voice,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut tuning = document.tuning()?;
    tuning.limits.max_jobs = arguments.jobs.or(tuning.limits.max_jobs);
    tuning.limits.max_parallel_jobs = arguments.parallel.unwrap_or(tuning.limits.max_parallel_jobs);
    tuning.seed = arguments.seed.or(tuning.seed);
    if arguments.write {
        let request = named(document, voice)?;
        let written = request.for_study(&tuning.study()?, judge)?;
        tell(document.written(&written)?);
        return Ok(());
    }
    show(&tuning, document.config()?.strategy, voice);
    let fixed = prepare(&tuning, voice).map_err(|why| format!("Nothing is run: {why}."))?;
    let Tuning { space, objective, limits, strategy, seed, rules, .. } = tuning;
    let order = Order::FixedLag(limits.max_parallel_jobs);
    let settings =
        StudySettings { seed: seed.unwrap_or(1), order, limits, ..StudySettings::default() };
    let mut study = Study::new(space, objective, strategy, settings)?;
    let data = Diabetes::read();
    let mut jobs = FunctionEvaluator::new(move |configuration: &Configuration| {
        data.cross_validated_rmse(fixed.with(configuration))
    });
    let tuned = Tuner::with(rules).run(&mut study, &mut jobs)?;
    voice.say(format!("\nIt is over: {}.", tuned.reason));
    report(document, &study, arguments.describe, voice)
}

/// The request, under a name of ours where its own is not known.
fn named(
    document: &Document,
    voice: Voice,
) -> Result<CreateHyperParameterTuningJobRequest, surmise::Error> {
    document.request().or_else(|_| {
        let request = document.request_named(NAME)?;
        voice.say(format!("Its name is not known here; {NAME:?} stands for it."));
        Ok(request)
    })
}

fn show(tuning: &Tuning, strategy: JobStrategy, voice: Voice) {
    let Tuning { space, objective, limits, .. } = tuning;
    let jobs = limits.max_jobs.map_or("any number of".to_owned(), |jobs| jobs.to_string());
    let way = if objective.goal == Goal::Minimize { "small" } else { "large" };
    voice.say(format!(
        "\nThe study: {} as {way} as possible, strategy {strategy}.",
        objective.metric_name
    ));
    voice.say(format!("{jobs} jobs, {} at a time.", limits.max_parallel_jobs));
    for range in space.ranges() {
        let reason = range.scale().map_or("a choice", |scale| &scale.reason);
        voice.say(format!("  {:<20} {reason}", range.name()));
    }
    for (name, value) in &tuning.static_values {
        voice.say(format!("  {name:<20} always {value}"));
    }
    for part in &tuning.not_supported {
        voice.say(format!("{part}."));
    }
}

/// The hyperparameters that all jobs share, if the learner can run them.
fn prepare(tuning: &Tuning, voice: Voice) -> Result<Hyperparameters, String> {
    let mut fixed = Hyperparameters::UNTUNED;
    for range in tuning.space.ranges() {
        if !Hyperparameters::UNTUNED.clone().set(range.name(), "0") {
            return Err(format!("the learner of this example has no {}", range.name()));
        }
    }
    if !tuning.objective.metric_name.ends_with("rmse") || tuning.objective.goal != Goal::Minimize {
        return Err("the learner of this example tells its root mean squared error only".to_owned());
    }
    if tuning.limits.max_jobs.is_none() && !tuning.is_grid() {
        return Err("there is no limit of jobs; give --jobs N".to_owned());
    }
    for (name, value) in &tuning.static_values {
        if !fixed.set(name, value) {
            voice.say(format!("The learner of this example has no {name}; it is disregarded."));
        }
    }
    Ok(fixed)
}

fn report(
    document: &Document,
    study: &Study,
    describe: bool,
    voice: Voice,
) -> Result<(), Box<dyn std::error::Error>> {
    if *document.shape() == DocumentShape::Config {
        if let Some(best) = study.best() {
            voice.say(format!(
                "\nbest: {} from {}",
                best.value().unwrap_or(f64::NAN),
                best.configuration
            ));
        }
        return Ok(());
    }
    let request = named(document, voice)?;
    let mut jobs = training_jobs(&request, study);
    let value = |job: &surmise::sagemaker::TrainingJobSummary| {
        job.final_metric.as_ref().map_or(f64::INFINITY, |metric| metric.value)
    };
    jobs.sort_by(|a, b| value(a).total_cmp(&value(b)));
    voice.say(format!(
        "\n{:<50} {:>10}  tuned values",
        "training job",
        study.objective().metric_name
    ));
    for job in jobs.iter().take(SHOWN) {
        let values: Vec<String> = job
            .tuned_hyper_parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        voice.say(format!("{:<50} {:>10.4}  {}", job.name, value(job), values.join(" ")));
    }
    let description = TuningJobDescription::of(&request, study, TuningJobStatus::Completed);
    let counters = description.training_job_status_counters;
    voice.say(format!(
        "{:?}: {} completed, {} failed, {} stopped",
        description.status, counters.completed, counters.non_retryable_error, counters.stopped
    ));
    if let Some(input) = description.next_states_input() {
        voice.say(format!("For the next states: {input}"));
    }
    if describe {
        tell(format!("{:#}", serde_json::to_value(&description)?));
    }
    Ok(())
}
