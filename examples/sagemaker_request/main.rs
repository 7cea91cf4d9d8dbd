//! Judges a SageMaker tuning request, shows the study it would make, and runs it here if the learner can.
//!
//!     cargo run --release --example sagemaker_request -- FILE [--input JSON] [--check]
//!
//! The learner is that of `tune_xgboost`: gradient-boosted trees on the diabetes data, in XGBoost's words.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks")]

mod arguments;
#[path = "../tune_xgboost/learner.rs"]
mod learner;

use std::process::ExitCode;

use surmise::sagemaker::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, Document, DocumentReader,
    DocumentShape, JobStrategy, Judge, Tuning, TuningJobDescription, TuningJobStatus,
    service_model, training_jobs,
};
use surmise::{Configuration, FunctionEvaluator, Goal, Order, Study, StudySettings, tune};

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
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if arguments.help {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if arguments.model {
        println!("{:#}", service_model());
        return ExitCode::SUCCESS;
    }
    let (document, judge) = match read(&arguments) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let verdict = judge.judge(&document);
    println!("{verdict}");
    if !verdict.is_accepted() {
        return ExitCode::from(1);
    }
    if !arguments.check
        && let Err(error) = run(&document, &arguments)
    {
        println!("\n{error}");
    }
    ExitCode::SUCCESS
}

fn read(arguments: &Arguments) -> Result<(Document, Judge), Box<dyn std::error::Error>> {
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
    let document = reader.read(&bytes(file)?).map_err(|error| format!("{name}: {error}"))?;
    match document.shape() {
        DocumentShape::StateMachine { state, waits, .. } => {
            let end = if *waits { "which waits for its end" } else { "which goes on at once" };
            let name = if state.is_empty() {
                "a state".to_owned()
            } else {
                format!("the state {state:?}")
            };
            println!("A tuning job made by {name}, {end}.");
        }
        DocumentShape::Config => println!("A configuration, without training jobs."),
        _ => println!("A whole request."),
    }
    let mut judge = Judge::default().with_quotas(arguments.quotas);
    if let Some(description) = &arguments.algorithm {
        judge = judge.with_algorithm(AlgorithmDescription::read(description)?);
    }
    if let Some(log) = &arguments.log {
        judge = judge.with_log_lines(log.lines());
    }
    Ok((document, judge))
}

/// Shows the study, and runs it if the learner has all hyperparameters.
fn run(document: &Document, arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut tuning = document.tuning()?;
    tuning.limits.max_jobs = arguments.jobs.or(tuning.limits.max_jobs);
    tuning.limits.max_parallel_jobs = arguments.parallel.unwrap_or(tuning.limits.max_parallel_jobs);
    tuning.seed = arguments.seed.or(tuning.seed);
    show(&tuning, document.config()?.strategy);
    if arguments.write {
        return write(document, tuning);
    }
    let fixed = match prepare(&tuning) {
        Ok(fixed) => fixed,
        Err(why) => {
            println!("\nNothing is run: {why}.");
            return Ok(());
        }
    };
    let Tuning { space, objective, limits, strategy, seed, .. } = tuning;
    let order = Order::FixedLag(limits.max_parallel_jobs);
    let settings =
        StudySettings { seed: seed.unwrap_or(1), order, limits, ..StudySettings::default() };
    let mut study = Study::new(space, objective, strategy, settings)?;
    let data = Diabetes::read();
    let mut jobs = FunctionEvaluator::new(move |configuration: &Configuration| {
        data.cross_validated_rmse(fixed.with(configuration))
    });
    tune(&mut study, &mut jobs)?;
    report(document, &study, arguments.describe)
}

fn show(tuning: &Tuning, strategy: JobStrategy) {
    let Tuning { space, objective, limits, .. } = tuning;
    let jobs = limits.max_jobs.map_or("any number of".to_owned(), |jobs| jobs.to_string());
    let way = if objective.goal == Goal::Minimize { "small" } else { "large" };
    println!("\nThe study: {} as {way} as possible, strategy {strategy}.", objective.metric_name);
    println!("{jobs} jobs, {} at a time.", limits.max_parallel_jobs);
    for range in space.ranges() {
        let reason = range.scale().map_or("a choice", |scale| &scale.reason);
        println!("  {:<20} {reason}", range.name());
    }
    for (name, value) in &tuning.static_values {
        println!("  {name:<20} always {value}");
    }
    for part in &tuning.not_supported {
        println!("{part}.");
    }
}

/// Prints the request for SageMaker's own tuner that the study would be.
fn write(document: &Document, tuning: Tuning) -> Result<(), Box<dyn std::error::Error>> {
    let strategy = document.config()?.strategy;
    let request = document.request().or_else(|_| document.request_named(NAME))?;
    let definition = request.all_definitions().next().cloned().ok_or("there is no definition")?;
    let study = tuning.study()?;
    let written =
        CreateHyperParameterTuningJobRequest::of(&request.name, &study, strategy, definition)?;
    println!("\n{:#}", serde_json::to_value(&written)?);
    Ok(())
}

/// The hyperparameters that all jobs share, if the learner can run them.
fn prepare(tuning: &Tuning) -> Result<Hyperparameters, String> {
    let mut fixed = Hyperparameters::UNTUNED;
    for range in tuning.space.ranges() {
        if !Hyperparameters::UNTUNED.clone().set(range.name(), "0") {
            return Err(format!("the learner of this example has no {}", range.name()));
        }
    }
    if !tuning.objective.metric_name.ends_with("rmse") || tuning.objective.goal != Goal::Minimize {
        return Err("the learner of this example tells its root mean squared error only".to_owned());
    }
    if tuning.limits.max_jobs.is_none() {
        return Err("there is no limit of jobs; give --jobs N".to_owned());
    }
    for (name, value) in &tuning.static_values {
        if !fixed.set(name, value) {
            println!("The learner of this example has no {name}; it is disregarded.");
        }
    }
    Ok(fixed)
}

fn report(
    document: &Document,
    study: &Study,
    describe: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    if *document.shape() == DocumentShape::Config {
        if let Some(best) = study.best() {
            println!("\nbest: {} from {}", best.value().unwrap_or(f64::NAN), best.configuration);
        }
        return Ok(());
    }
    let request = document.request().or_else(|_| document.request_named(NAME))?;
    let mut jobs = training_jobs(&request, study);
    let value = |job: &surmise::sagemaker::TrainingJobSummary| {
        job.final_metric.as_ref().map_or(f64::INFINITY, |metric| metric.value)
    };
    jobs.sort_by(|a, b| value(a).total_cmp(&value(b)));
    println!("\n{:<50} {:>10}  tuned values", "training job", study.objective().metric_name);
    for job in jobs.iter().take(SHOWN) {
        let values: Vec<String> = job
            .tuned_hyper_parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        println!("{:<50} {:>10.4}  {}", job.name, value(job), values.join(" "));
    }
    let description = TuningJobDescription::of(&request, study, TuningJobStatus::Completed);
    let counters = description.training_job_status_counters;
    println!(
        "{:?}: {} completed, {} failed, {} stopped",
        description.status, counters.completed, counters.non_retryable_error, counters.stopped
    );
    if let Some(input) = description.next_states_input() {
        println!("For the next states: {input}");
    }
    if describe {
        println!("{:#}", serde_json::to_value(&description)?);
    }
    Ok(())
}
