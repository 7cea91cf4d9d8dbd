//! Judging a tuning request, showing the study that it would make, and running it here if the learner can.
//!
//! The learner is that of `surmise demo`: gradient-boosted trees on the diabetes data, in XGBoost's words.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use surmise::pattern::MetricPattern;
use surmise::{Configuration, FunctionEvaluator, Goal, Order, Study, StudySettings, Tuner};
use surmise_bench::learner::{Diabetes, Hyperparameters};
use surmise_sagemaker::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, Document, DocumentReader,
    DocumentShape, JobStrategy, Judge, ReadError, Tuning, TuningJobDescription, TuningJobStatus,
    training_jobs,
};

use super::arguments::{OtherLimits, Reading};
use super::learner::learner;
use super::values::bytes;
use crate::output::{Failure, say, say_aside};

/// The name of the tuning job where the document gives none.
const NAME: &str = "local-tuning-job";
/// Rows of the table of the best.
const SHOWN: usize = 5;

/// What is done with a request that the service would accept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    Check,
    Run(&'a OtherLimits),
    Write(&'a OtherLimits),
    Describe(&'a OtherLimits),
}

impl Way<'_> {
    fn other_limits(self) -> OtherLimits {
        match self {
            Self::Check => OtherLimits::default(),
            Self::Run(limits) | Self::Write(limits) | Self::Describe(limits) => *limits,
        }
    }
}

/// Judges a request and goes this way. The status: 0 the service would accept it, 1 it would not, 2 it cannot be read, 3 it would, but it cannot
/// be run, or written, here.
pub(super) fn judged(reading: &Reading, way: Way<'_>) -> ExitCode {
    let voice = Voice { is_aside: matches!(way, Way::Write(_) | Way::Describe(_)) };
    let (document, judge) = match read(reading, voice) {
        Ok(read) => read,
        Err(error) => {
            say_aside(error);
            return ExitCode::from(2);
        }
    };
    let verdict = judge.judge(&document);
    voice.say(&verdict);
    if !verdict.is_accepted() {
        return ExitCode::from(1);
    }
    if let Way::Check = way {
        return ExitCode::SUCCESS;
    }
    match run(&document, &judge, way, voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            voice.say(format!("\n{error}"));
            ExitCode::from(3)
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
        if self.is_aside { say_aside(text) } else { tell(&text) }
    }
}

/// Writes to standard output.
fn tell(text: impl Display) {
    // A reader that has gone away is none of our business.
    let _ = say(text);
}

fn read(reading: &Reading, voice: Voice) -> Result<(Document, Judge), Failure> {
    let mut reader = DocumentReader::default();
    if let Some(input) = &reading.input {
        reader = reader.with_input(input.clone());
    }
    if let Some(context) = &reading.context {
        reader = reader.with_context(context.clone());
    }
    if let Some(state) = &reading.state {
        reader = reader.with_state(state);
    }
    let file = reading.file.as_str();
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
    let mut judge = Judge::default().with_quotas(reading.quotas);
    if let Some(description) = &reading.algorithm {
        judge = judge.with_algorithm(AlgorithmDescription::read(&bytes(description)?)?);
    }
    if let Some(log) = &reading.log {
        let log = String::from_utf8_lossy(&bytes(log)?).into_owned();
        if log.trim().is_empty() {
            return Err("the log has no lines to try expressions on".into());
        }
        show_metrics(&document, &log, voice);
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
fn run(document: &Document, judge: &Judge, way: Way<'_>, voice: Voice) -> Result<(), Failure> {
    let mut tuning = document.tuning()?;
    let other = way.other_limits();
    tuning.limits.max_jobs = other.jobs.map(NonZeroUsize::get).or(tuning.limits.max_jobs);
    let parallel = other.parallel.map(NonZeroUsize::get);
    tuning.limits.max_parallel_jobs = parallel.unwrap_or(tuning.limits.max_parallel_jobs);
    tuning.seed = other.seed.or(tuning.seed);
    if let Way::Write(_) = way {
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
    report(document, &study, matches!(way, Way::Describe(_)), voice)
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
    if tuning.limits.max_jobs.is_none() && !tuning.is_grid() {
        return Err("there is no limit of jobs; give --jobs N".to_owned());
    }
    let (fixed, ignored) = learner(tuning)?;
    for text in ignored {
        voice.say(text);
    }
    Ok(fixed)
}

fn report(document: &Document, study: &Study, describe: bool, voice: Voice) -> Result<(), Failure> {
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
    let value = |job: &surmise_sagemaker::TrainingJobSummary| {
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
