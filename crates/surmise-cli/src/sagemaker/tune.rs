//! Runs a tuning request on a real account.
//!
//! Surmise proposes the training jobs, or SageMaker's own tuner runs the tuning job. Training jobs
//! cost money: without `--spend`, only the maximum cost is printed.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use surmise::evaluator::JobId;
use surmise::tune::Progress;
use surmise::{Canary, EarlyStopping, Order, Study, StudySettings, Tuner};
use surmise_sagemaker::evaluator::{
    Budget, Prices, SageMakerService, TrainingReportSource, TuningJob,
};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, DocumentReader, SageMakerEvaluator, TrainingJobTemplate,
    Tuning, Validator,
};

use super::connection::{ConnectionOptions, NOTHING_SENT, UNLIMITED_COST, parse_positive};
use super::value_parsers::parse_json;
use crate::output::{CommandError, print_if_possible, print_line};

/// Help text that follows the options.
pub(super) const HELP: &str = "\
Credentials come from the environment, ~/.aws, single sign-on or the role of the machine. \
docs/permissions.md in the package surmise-sagemaker lists the required permissions and the costs, \
and describes how to try this command free of charge.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The body of `CreateHyperParameterTuningJob`, or a Step Functions state machine. Its data,
    /// its role and its output location must belong to your account.
    file: String,
    /// Start the training jobs. Without this option, nothing is sent.
    #[arg(long)]
    spend: bool,
    /// Let SageMaker's own tuner run the tuning job, wait until it ends, and import its results.
    #[arg(long, conflicts_with_all = ["budget", "budget_in_money", "prices", "canary"])]
    hand_over: bool,
    /// The input of the state that creates the tuning job: JSON, or the name of a file with it.
    #[arg(long, value_parser = parse_json, value_name = "JSON")]
    input: Option<Value>,
    /// Another name for the tuning job.
    #[arg(long)]
    name: Option<String>,
    /// The number of training jobs, instead of the number in the request.
    #[arg(long, value_name = "N")]
    jobs: Option<u32>,
    /// The number of training jobs at a time, instead of the number in the request.
    #[arg(long, value_name = "N")]
    parallel: Option<u32>,
    /// Start no more training jobs after this number of billed instance-seconds.
    #[arg(long, value_name = "SECONDS")]
    budget: Option<u64>,
    /// A JSON file with prices: `{"currency": "USD", "per_hour": {"us-west-2": {"ml.m5.xlarge":
    /// 0.23}}}`.
    #[arg(long, value_name = "FILE")]
    prices: Option<String>,
    /// Start no more training jobs after this amount is spent, computed with --prices.
    #[arg(long, value_name = "AMOUNT", value_parser = parse_positive, conflicts_with = "budget")]
    budget_in_money: Option<f64>,
    /// Run one training job at a time until one of them has reported the metric.
    #[arg(long)]
    canary: bool,
    #[command(flatten)]
    connection: ConnectionOptions,
}

pub(super) fn run(options: &Options) -> Result<(), CommandError> {
    let mut reader = DocumentReader::default();
    if let Some(input) = options.input.clone() {
        reader = reader.with_input(input);
    }
    let document = reader.read(&read_file(&options.file)?)?;
    let validation = Validator::default().validate(&document);
    print_line(format_args!("{validation}"))?;
    validation.into_result()?;
    let mut request = document.request()?;
    let limits = &mut request.config.resource_limits;
    limits.max_number_of_training_jobs = options.jobs.or(limits.max_number_of_training_jobs);
    limits.max_parallel_training_jobs =
        options.parallel.unwrap_or(limits.max_parallel_training_jobs);
    request.name = options.name.clone().unwrap_or(request.name);
    let tuning = request.tuning()?;
    let service = options.connection.connection().open();
    // The maximum cost can be computed without a region.
    let service = match service {
        Err(_) if !options.spend => options.connection.connection().region("unknown").open()?,
        service => service?,
    };
    if options.hand_over {
        print_max_cost_of_tuning_job(&request, &tuning)?;
        if options.spend {
            return hand_over(&request, service, options.connection.poll);
        }
    } else {
        let jobs = evaluator(&request, service, options)?;
        let rules = jobs.adapt_rules(tuning.rules.clone());
        match jobs.max_cost(&tuning.limits, &rules) {
            Some(max_cost) => {
                print_line(format_args!("{max_cost}"))?;
                let overrun = overrun_seconds(&tuning, max_cost.seconds, max_cost.instances);
                match (options.budget, options.budget_in_money) {
                    (Some(seconds), _) => print_if_possible(format_args!(
                        "no training job starts after {seconds} billed instance-seconds; jobs that \
                         run then may use {overrun} more"
                    )),
                    (_, Some(money)) => print_if_possible(format_args!(
                        "no training job starts after {money:.2} is spent; jobs that run then may \
                         use {overrun} instance-seconds more"
                    )),
                    _ => {}
                }
            }
            None => print_if_possible(UNLIMITED_COST),
        }
        if options.spend {
            return tune(&request, tuning, jobs, options);
        }
    }
    print_line(NOTHING_SENT)?;
    Ok(())
}

fn read_file(file: &str) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{file}: {error}"))
}

/// Returns the maximum number of instance-seconds that running jobs use after the budget is spent.
fn overrun_seconds(tuning: &Tuning, seconds: u64, instances: u32) -> u64 {
    tuning.limits.max_parallel_jobs as u64 * seconds * u64::from(instances)
}

/// Creates the evaluator; it has not sent a request yet.
fn evaluator(
    request: &CreateHyperParameterTuningJobRequest,
    service: SageMakerService,
    options: &Options,
) -> Result<SageMakerEvaluator, CommandError> {
    let mut jobs = SageMakerEvaluator::new(request, service)?;
    if let Some(rate_limits) = options.connection.rate_limits() {
        jobs = jobs.with_rate_limits(rate_limits);
    }
    if let Some(file) = &options.prices {
        let prices: Result<Prices, _> = serde_json::from_slice(&read_file(file)?);
        let prices = prices.map_err(|error| format!("prices in {file}: {error}"))?;
        jobs = jobs.with_prices(prices)?;
    }
    if let Some(seconds) = options.budget {
        jobs = jobs.with_budget(Duration::from_secs(seconds));
    }
    if let Some(amount) = options.budget_in_money {
        jobs = jobs.with_budget(Budget::money(amount));
    }
    Ok(jobs)
}

/// Prints the maximum cost of a tuning job with SageMaker's own tuner, which does not retry jobs.
fn print_max_cost_of_tuning_job(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: &Tuning,
) -> Result<(), CommandError> {
    let template = TrainingJobTemplate::from_request(request)?;
    let options = template.instance_options().iter();
    let instances = options.filter_map(|option| option.instance_count).max();
    let instances = instances.unwrap_or(1);
    let seconds = template.definition().stopping_condition.max_runtime_in_seconds;
    let seconds = seconds.unwrap_or(86_400);
    match tuning.limits.max_jobs {
        Some(jobs) => print_if_possible(format_args!(
            "at most {jobs} training jobs × {seconds} s × {instances} instances = {} \
             instance-seconds",
            jobs as u64 * u64::from(seconds) * u64::from(instances)
        )),
        None => print_if_possible(UNLIMITED_COST),
    }
    Ok(())
}

fn tune(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: Tuning,
    mut jobs: SageMakerEvaluator,
    options: &Options,
) -> Result<(), CommandError> {
    let mut rules = jobs.adapt_rules(tuning.rules.clone());
    if options.canary {
        rules.canary = Some(Canary::default().one_at_a_time());
    }
    if rules.early_stopping != EarlyStopping::Off {
        jobs =
            jobs.reports_from(TrainingReportSource::Metrics(tuning.objective.metric_name.clone()));
    }
    // With a fixed lag, proposals do not depend on the order of results. The same command therefore
    // resumes a killed one from the training jobs that the service knows.
    let order = Order::FixedLag(tuning.limits.max_parallel_jobs);
    let seed = tuning.seed.unwrap_or(0);
    let settings = StudySettings { seed, order, limits: tuning.limits, ..Default::default() };
    let mut study = Study::new(tuning.space, tuning.objective, tuning.strategy, settings)?;
    print_line(format_args!(
        "If this command is interrupted, its training jobs keep running, and the same command \
         adopts them.\nTo stop one: aws sagemaker stop-training-job --training-job-name NAME. The \
         names begin with {}-",
        request.name
    ))?;
    let result = Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            print_event(progress);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    print_line(format_args!("The tuning ended: {}.\n{}.", result.reason, jobs.bill()))?;
    if !result.possibly_running.is_empty() {
        let names: Vec<&str> =
            result.possibly_running.iter().map(|job| job.name.as_str()).collect();
        print_line(format_args!(
            "These training jobs may still be running and billed: {}",
            names.join(", ")
        ))?;
    }
    let best = print_best(&study).ok_or("no training job completed")?;
    if let Some(job) = jobs.training_job(best) {
        print_line(format_args!(
            "training job: {}\nmodel: {}",
            job.name,
            job.model.as_deref().unwrap_or("none")
        ))?;
    }
    Ok(())
}

/// Prints the best trial, and returns its job.
fn print_best(study: &Study) -> Option<JobId> {
    let best = study.best()?;
    print_if_possible(format_args!("best: {} with {}", best.value()?, best.configuration));
    Some(JobId { trial: best.id, attempt: best.attempt() })
}

fn print_event(progress: &Progress<'_>) {
    match progress {
        Progress::Started { job, adopted: false } => {
            print_if_possible(format_args!("{job} starts"));
        }
        Progress::Started { job, adopted: true } => {
            print_if_possible(format_args!("{job} is adopted"));
        }
        Progress::NewBest { trial, value } => {
            print_if_possible(format_args!("trial {}: {value}, the best so far", trial.id));
        }
        Progress::Busy { retry_after } => {
            print_if_possible(format_args!(
                "no job can be started now; retry in {retry_after:.0?}"
            ));
        }
        Progress::Retrying { job, after } => {
            print_if_possible(format_args!("{job} starts in {after:.0?}"));
        }
        Progress::OutOfBudget { .. } => {
            print_if_possible("the budget is spent; waiting for the running jobs to end");
        }
        Progress::Warning(text) => print_if_possible(format_args!("warning: {text}")),
        Progress::Paused { why } => print_if_possible(format_args!("paused: {why}")),
        Progress::Resumed => print_if_possible(format_args!("resumed")),
        _ => {}
    }
}

/// Lets SageMaker's own tuner run the tuning job, and imports its results.
fn hand_over(
    request: &CreateHyperParameterTuningJobRequest,
    service: SageMakerService,
    poll: Option<f64>,
) -> Result<(), CommandError> {
    let mut job = TuningJob::launch(request, service)?;
    if let Some(seconds) = poll {
        job = job.with_poll_interval(Duration::from_secs_f64(seconds));
    }
    job = job.on_outage(|text| print_if_possible(format_args!("\n{text}")));
    print_line(format_args!(
        "The tuning job {} has started. It costs money until it ends or is stopped.",
        job.name()
    ))?;
    let ended = job.follow(|description| {
        let counters = description.training_job_status_counters;
        let progress =
            format!("\r{} completed, {} in progress", counters.completed, counters.in_progress);
        let _ = std::io::stdout().write_all(progress.as_bytes());
        let _ = std::io::stdout().flush();
        ControlFlow::Continue(())
    })?;
    let (study, summary) = ended.study(&job.training_jobs()?)?;
    print_line(format_args!("\n{:?}; imported {} observations", ended.status, summary.added))?;
    for (name, why) in &summary.skipped {
        print_line(format_args!("skipped {name}: {why}"))?;
    }
    print_best(&study).ok_or("no training job completed")?;
    Ok(())
}
