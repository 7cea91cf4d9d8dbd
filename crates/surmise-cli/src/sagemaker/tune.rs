//! A tuning request on a real account: training jobs by Surmise's proposals, or the whole tuning job by SageMaker's own tuner.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use surmise::evaluator::JobId;
use surmise::tune::Progress;
use surmise::{Canary, EarlyStopping, Order, Study, StudySettings, Tuner};
use surmise_sagemaker::evaluator::{Budget, Prices, SageMakerService, TrainingReports, TuningJob};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, DocumentReader, Judge, SageMakerEvaluator,
    TrainingJobTemplate, Tuning,
};

use super::connection::{ConnectionOptions, above_0};
use super::values::json;
use crate::output::{Failure, say, tell};

/// Training jobs cost money. Without --spend it says what it would do and what that could cost at the most, and does nothing.
///
/// What stands below the options.
pub(super) const HELP: &str = "Credentials come from the environment, ~/.aws, single sign-on or the machine's role. docs/permissions.md of the \
                               package surmise-sagemaker says which permissions are needed, what costs, and how to try for nothing.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The body of `CreateHyperParameterTuningJob`, or a Step Functions state machine; data, role and output in it must be yours.
    file: String,
    /// Really do it: without this, nothing is sent.
    #[arg(long)]
    spend: bool,
    /// Let SageMaker's own tuner do it; follow it, and bring back what it finds.
    #[arg(long, conflicts_with_all = ["budget", "budget_in_money", "prices", "canary"])]
    hand_over: bool,
    /// The input of the state that makes the tuning job, or a file that holds it.
    #[arg(long, value_parser = json, value_name = "JSON")]
    input: Option<Value>,
    /// Another name for the tuning job.
    #[arg(long)]
    name: Option<String>,
    /// Training jobs.
    #[arg(long, value_name = "N")]
    jobs: Option<u32>,
    /// Training jobs at a time.
    #[arg(long, value_name = "N")]
    parallel: Option<u32>,
    /// Launch nothing more when so many seconds of one instance are billed.
    #[arg(long, value_name = "SECONDS")]
    budget: Option<u64>,
    /// Prices as JSON: `{"currency": "USD", "per_hour": {"us-west-2": {"ml.m5.xlarge": 0.23}}}`.
    #[arg(long, value_name = "FILE")]
    prices: Option<String>,
    /// Launch nothing more when so much is spent by these prices.
    #[arg(long, value_name = "AMOUNT", value_parser = above_0, conflicts_with = "budget")]
    budget_in_money: Option<f64>,
    /// One job at a time until one has told the metric.
    #[arg(long)]
    canary: bool,
    #[command(flatten)]
    connection: ConnectionOptions,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let mut reader = DocumentReader::default();
    if let Some(input) = options.input.clone() {
        reader = reader.with_input(input);
    }
    let document = reader.read(&read_file(&options.file)?)?;
    let verdict = Judge::default().judge(&document);
    say(format_args!("{verdict}"))?;
    verdict.into_result()?;
    let mut request = document.request()?;
    let limits = &mut request.config.resource_limits;
    limits.max_number_of_training_jobs = options.jobs.or(limits.max_number_of_training_jobs);
    limits.max_parallel_training_jobs =
        options.parallel.unwrap_or(limits.max_parallel_training_jobs);
    request.name = options.name.clone().unwrap_or(request.name);
    let tuning = request.tuning()?;
    let service = options.connection.connection().open();
    // To say what it would cost, nobody is asked: that can be said without a region.
    let service = match service {
        Err(_) if !options.spend => options.connection.connection().region("unknown").open()?,
        service => service?,
    };
    if options.hand_over {
        estimate_handed_over(&request, &tuning)?;
        if options.spend {
            return hand_over(&request, service, options.connection.poll);
        }
    } else {
        let jobs = jobs(&request, service, options)?;
        let rules = jobs.rules(tuning.rules.clone());
        match jobs.most_cost(&tuning.limits, &rules) {
            Some(most) => {
                say(format_args!("{most}"))?;
                let others = jobs_at_once(&tuning, most.seconds, most.instances);
                match (options.budget, options.budget_in_money) {
                    (Some(seconds), _) => tell(format_args!(
                        "of which nothing is launched beyond {seconds}; what runs then may take {others} more"
                    )),
                    (_, Some(money)) => tell(format_args!(
                        "of which nothing is launched beyond {money:.2}; what runs then may take {others} instance-seconds more"
                    )),
                    _ => {}
                }
            }
            None => tell(format_args!(
                "the number of training jobs is not limited, nor is what they cost"
            )),
        }
        if options.spend {
            return tune(&request, tuning, jobs, options);
        }
    }
    say(format_args!("Nothing was sent. With --spend it is done."))?;
    Ok(())
}

fn read_file(file: &str) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{file}: {error}"))
}

/// What the jobs may take that run when a budget is used up, in seconds of one instance.
fn jobs_at_once(tuning: &Tuning, seconds: u64, instances: u32) -> u64 {
    tuning.limits.max_parallel_jobs as u64 * seconds * u64::from(instances)
}

/// The evaluator, which has sent nothing yet.
fn jobs(
    request: &CreateHyperParameterTuningJobRequest,
    service: SageMakerService,
    options: &Options,
) -> Result<SageMakerEvaluator, Failure> {
    let mut jobs = SageMakerEvaluator::new(request, service)?;
    if let Some(pace) = options.connection.pace() {
        jobs = jobs.with_pace(pace);
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

/// What a tuning job of SageMaker's own tuner could cost at the most: it tries nothing again.
fn estimate_handed_over(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: &Tuning,
) -> Result<(), Failure> {
    let template = TrainingJobTemplate::of(request)?;
    let machines = template.machines();
    let most = machines.iter().filter_map(|machines| machines.instance_count).max().unwrap_or(1);
    let longest = template.definition().stopping_condition.max_runtime_in_seconds;
    let longest = longest.unwrap_or(86_400);
    match tuning.limits.max_jobs {
        Some(jobs) => tell(format_args!(
            "at the most {jobs} training jobs × {longest} s × {most} instances = {} instance-seconds",
            jobs as u64 * u64::from(longest) * u64::from(most)
        )),
        None => {
            tell(format_args!("the number of training jobs is not limited, nor is what they cost"));
        }
    }
    Ok(())
}

fn tune(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: Tuning,
    mut jobs: SageMakerEvaluator,
    options: &Options,
) -> Result<(), Failure> {
    let mut rules = jobs.rules(tuning.rules.clone());
    if options.canary {
        rules.canary = Some(Canary::default().one_at_a_time());
    }
    if rules.early_stopping != EarlyStopping::Off {
        jobs = jobs.reports_from(TrainingReports::Metrics(tuning.objective.metric_name.clone()));
    }
    // Under a fixed lag the same request proposes the same, whatever comes in first: so the same command goes on where one before it was
    // killed, from what the service knows of its training jobs.
    let order = Order::FixedLag(tuning.limits.max_parallel_jobs);
    let seed = tuning.seed.unwrap_or(0);
    let settings = StudySettings { seed, order, limits: tuning.limits, ..Default::default() };
    let mut study = Study::new(tuning.space, tuning.objective, tuning.strategy, settings)?;
    say(format_args!(
        "If this is interrupted, training jobs run on; the same command goes on with them. To stop one: aws sagemaker stop-training-job \
         --training-job-name NAME; their names begin with {}-",
        request.name
    ))?;
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
            show(progress);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    say(format_args!("It is over: {}.\n{}.", tuned.reason, jobs.bill()))?;
    if !tuned.may_still_run.is_empty() {
        let names: Vec<&str> = tuned.may_still_run.iter().map(|job| job.name.as_str()).collect();
        say(format_args!("These training jobs may still run, and cost: {}", names.join(", ")))?;
    }
    let best = show_best(&study).ok_or("no training job completed")?;
    if let Some(job) = jobs.training_job(best) {
        say(format_args!(
            "training job: {}\nmodel: {}",
            job.name,
            job.model.as_deref().unwrap_or("none")
        ))?;
    }
    Ok(())
}

fn show_best(study: &Study) -> Option<JobId> {
    let best = study.best()?;
    tell(format_args!("best: {} with {}", best.value()?, best.configuration));
    Some(JobId { trial: best.id, attempt: best.attempt() })
}

fn show(progress: &Progress<'_>) {
    match progress {
        Progress::Started { job, adopted: false } => tell(format_args!("{job} starts")),
        Progress::Started { job, adopted: true } => tell(format_args!("{job} is adopted")),
        Progress::NewBest { trial, value } => tell(format_args!("trial {}: {value}", trial.id)),
        Progress::Busy { retry_after } => {
            tell(format_args!("no room; asked again in {retry_after:.0?}"));
        }
        Progress::Retrying { job, after } => tell(format_args!("{job} in {after:.0?}")),
        Progress::OutOfBudget { .. } => {
            tell(format_args!("the budget is spent: what runs comes to its end"));
        }
        Progress::Warning(text) => tell(format_args!("warning: {text}")),
        Progress::Paused { why } => tell(format_args!("paused: {why}")),
        Progress::Resumed => tell(format_args!("resumed")),
        _ => {}
    }
}

fn hand_over(
    request: &CreateHyperParameterTuningJobRequest,
    service: SageMakerService,
    poll: Option<f64>,
) -> Result<(), Failure> {
    let mut job = TuningJob::launch(request, service)?;
    if let Some(seconds) = poll {
        job = job.looked_at_every(Duration::from_secs_f64(seconds));
    }
    job = job.telling(|text| tell(format_args!("\n{text}")));
    say(format_args!(
        "Tuning job {} is launched; what it does costs until it ends or is stopped.",
        job.name()
    ))?;
    let end = job.follow(|so_far| {
        let counters = so_far.training_job_status_counters;
        let now =
            format!("\r{} completed, {} in progress", counters.completed, counters.in_progress);
        let _ = std::io::stdout().write_all(now.as_bytes());
        let _ = std::io::stdout().flush();
        ControlFlow::Continue(())
    })?;
    let (study, brought) = end.study(&job.training_jobs()?)?;
    say(format_args!("\n{:?}; {} observations were brought back", end.status, brought.observed))?;
    for (name, why) in &brought.left_out {
        say(format_args!("{name} says nothing: {why}"))?;
    }
    show_best(&study).ok_or("no training job completed")?;
    Ok(())
}
