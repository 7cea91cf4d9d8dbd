//! A tuning request on a real account: training jobs by Surmise's proposals, or the whole tuning job by SageMaker's own tuner.
//!
//!     cargo run --features sagemaker --example sagemaker -- FILE [...]
//!
//! Training jobs cost money. Without `--spend` it says what it would do and what that could cost at the most, and does nothing.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks")]

use std::io::Write;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use surmise::evaluator::sagemaker::{
    Budget, Connection, Pace, Prices, SageMakerService, TrainingReports, TuningJob,
};
use surmise::evaluator::{JobId, SageMakerEvaluator};
use surmise::sagemaker::{
    CreateHyperParameterTuningJobRequest, DocumentReader, Judge, TrainingJobTemplate, Tuning,
};
use surmise::tune::Progress;
use surmise::{Canary, EarlyStopping, Order, Study, StudySettings, Tuner};

const USAGE: &str = r#"
usage: sagemaker FILE [...]

FILE is the body of CreateHyperParameterTuningJob or a Step Functions state machine; data, role and output in it must be yours.

  --spend            really do it: without this, nothing is sent
  --input JSON       the input of the state that makes the tuning job
  --name NAME        another name for the tuning job
  --jobs N, --parallel N
                     other limits
  --budget SECONDS   launch nothing more when so many seconds of one instance are billed
  --prices FILE      prices as JSON: {"currency": "USD", "per_hour": {"us-west-2": {"ml.m5.xlarge": 0.23}}}
  --budget-in-money AMOUNT
                     launch nothing more when so much is spent by these prices
  --canary           one job at a time until one has told the metric
  --region NAME, --profile NAME
                     else what the environment says
  --endpoint URL     another address than AWS's: a fake's
  --poll SECONDS     how often jobs are looked at, 15 by default (30 with --hand-over)
  --hand-over        let SageMaker's own tuner do it; follow it, and bring back what it finds

Credentials come from the environment, ~/.aws, single sign-on or the machine's role. docs/sagemaker/permissions.md says which
permissions are needed, what costs, and how to try for nothing."#;

#[derive(Default)]
struct Arguments {
    file: String,
    spend: bool,
    hand_over: bool,
    input: Option<serde_json::Value>,
    name: Option<String>,
    jobs: Option<u32>,
    parallel: Option<u32>,
    budget: Option<u64>,
    prices: Option<String>,
    budget_in_money: Option<f64>,
    canary: bool,
    poll: Option<f64>,
    connection: Connection,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let arguments = match read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        let bad = |text: &str| format!("{argument} cannot be {text:?}");
        match argument.as_str() {
            "--spend" => arguments.spend = true,
            "--hand-over" => arguments.hand_over = true,
            "--input" => {
                let text = value()?;
                arguments.input = Some(serde_json::from_str(&text).map_err(|_| bad(&text))?);
            }
            "--name" => arguments.name = Some(value()?),
            "--prices" => arguments.prices = Some(value()?),
            "--canary" => arguments.canary = true,
            "--jobs" | "--parallel" | "--budget" | "--budget-in-money" | "--poll" => {
                let text = value()?;
                let number: f64 = text.parse().map_err(|_| bad(&text))?;
                let whole = text.parse().map_err(|_| bad(&text));
                match argument.as_str() {
                    "--jobs" => arguments.jobs = Some(whole?),
                    "--parallel" => arguments.parallel = Some(whole?),
                    "--budget" => arguments.budget = Some(whole?.into()),
                    "--budget-in-money" if number > 0.0 && number.is_finite() => {
                        arguments.budget_in_money = Some(number);
                    }
                    _ if number > 0.0 => arguments.poll = Some(number),
                    _ => return Err(bad(&text)),
                }
            }
            "--region" => arguments.connection = arguments.connection.region(value()?),
            "--profile" => arguments.connection = arguments.connection.profile(value()?),
            "--endpoint" => arguments.connection = arguments.connection.endpoint(value()?),
            _ if argument.starts_with("--") => return Err(format!("unknown argument {argument}")),
            _ if arguments.file.is_empty() => arguments.file = argument,
            _ => return Err(format!("one file is enough; {argument} is another")),
        }
    }
    let budgets =
        usize::from(arguments.budget.is_some()) + usize::from(arguments.budget_in_money.is_some());
    if arguments.file.is_empty() {
        Err("a file is missing".to_owned())
    } else if budgets == 2 {
        Err("--budget and --budget-in-money are two budgets; give one".to_owned())
    } else if arguments.hand_over && (budgets > 0 || arguments.canary || arguments.prices.is_some())
    {
        Err("--hand-over knows no --budget, --budget-in-money, --prices or --canary: SageMaker's own tuner has none of them".to_owned())
    } else {
        Ok(arguments)
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut reader = DocumentReader::default();
    if let Some(input) = arguments.input.clone() {
        reader = reader.with_input(input);
    }
    let document = reader.read(&read_file(&arguments.file)?)?;
    let verdict = Judge::default().judge(&document);
    println!("{verdict}");
    verdict.into_result()?;
    let mut request = document.request()?;
    let limits = &mut request.config.resource_limits;
    limits.max_number_of_training_jobs = arguments.jobs.or(limits.max_number_of_training_jobs);
    limits.max_parallel_training_jobs =
        arguments.parallel.unwrap_or(limits.max_parallel_training_jobs);
    request.name = arguments.name.clone().unwrap_or(request.name);
    let tuning = request.tuning()?;
    let service = arguments.connection.clone().open();
    // To say what it would cost, nobody is asked: that can be said without a region.
    let service = match service {
        Err(_) if !arguments.spend => arguments.connection.clone().region("unknown").open()?,
        service => service?,
    };
    if arguments.hand_over {
        estimate_handed_over(&request, &tuning)?;
        if arguments.spend {
            return hand_over(&request, service, arguments.poll);
        }
    } else {
        let jobs = jobs(&request, service, &arguments)?;
        let rules = jobs.rules(tuning.rules.clone());
        match jobs.most_cost(&tuning.limits, &rules) {
            Some(most) => {
                println!("{most}");
                let others = jobs_at_once(&tuning, most.seconds, most.instances);
                match (arguments.budget, arguments.budget_in_money) {
                    (Some(seconds), _) => println!(
                        "of which nothing is launched beyond {seconds}; what runs then may take {others} more"
                    ),
                    (_, Some(money)) => println!(
                        "of which nothing is launched beyond {money:.2}; what runs then may take {others} instance-seconds more"
                    ),
                    _ => {}
                }
            }
            None => println!("the number of training jobs is not limited, nor is what they cost"),
        }
        if arguments.spend {
            return tune(&request, tuning, jobs, &arguments);
        }
    }
    println!("Nothing was sent. With --spend it is done.");
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
    arguments: &Arguments,
) -> Result<SageMakerEvaluator, Box<dyn std::error::Error>> {
    let mut jobs = SageMakerEvaluator::new(request, service)?;
    if let Some(seconds) = arguments.poll {
        let mut pace = Pace::default();
        pace.poll = Duration::from_secs_f64(seconds);
        jobs = jobs.with_pace(pace);
    }
    if let Some(file) = &arguments.prices {
        let prices: Result<Prices, _> = serde_json::from_slice(&read_file(file)?);
        let prices = prices.map_err(|error| format!("prices in {file}: {error}"))?;
        jobs = jobs.with_prices(prices)?;
    }
    if let Some(seconds) = arguments.budget {
        jobs = jobs.with_budget(Duration::from_secs(seconds));
    }
    if let Some(amount) = arguments.budget_in_money {
        jobs = jobs.with_budget(Budget::money(amount));
    }
    Ok(jobs)
}

/// What a tuning job of SageMaker's own tuner could cost at the most: it tries nothing again.
fn estimate_handed_over(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: &Tuning,
) -> Result<(), Box<dyn std::error::Error>> {
    let template = TrainingJobTemplate::of(request)?;
    let machines = template.machines();
    let most = machines.iter().filter_map(|machines| machines.instance_count).max().unwrap_or(1);
    let longest = template.definition().stopping_condition.max_runtime_in_seconds;
    let longest = longest.unwrap_or(86_400);
    match tuning.limits.max_jobs {
        Some(jobs) => println!(
            "at the most {jobs} training jobs × {longest} s × {most} instances = {} instance-seconds",
            jobs as u64 * u64::from(longest) * u64::from(most)
        ),
        None => println!("the number of training jobs is not limited, nor is what they cost"),
    }
    Ok(())
}

fn tune(
    request: &CreateHyperParameterTuningJobRequest,
    tuning: Tuning,
    mut jobs: SageMakerEvaluator,
    arguments: &Arguments,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut rules = jobs.rules(tuning.rules.clone());
    if arguments.canary {
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
    println!(
        "If this is interrupted, training jobs run on; the same command goes on with them. To stop one: aws sagemaker stop-training-job \
         --training-job-name NAME; their names begin with {}-",
        request.name
    );
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
            tell(progress);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    println!("It is over: {}.\n{}.", tuned.reason, jobs.bill());
    if !tuned.may_still_run.is_empty() {
        let names: Vec<&str> = tuned.may_still_run.iter().map(|job| job.name.as_str()).collect();
        println!("These training jobs may still run, and cost: {}", names.join(", "));
    }
    let best = show_best(&study).ok_or("no training job completed")?;
    if let Some(job) = jobs.training_job(best) {
        println!("training job: {}\nmodel: {}", job.name, job.model.as_deref().unwrap_or("none"));
    }
    Ok(())
}

fn show_best(study: &Study) -> Option<JobId> {
    let best = study.best()?;
    println!("best: {} with {}", best.value()?, best.configuration);
    Some(JobId { trial: best.id, attempt: best.attempt() })
}

fn tell(progress: &Progress<'_>) {
    match progress {
        Progress::Started { job, adopted: false } => println!("{job} starts"),
        Progress::Started { job, adopted: true } => println!("{job} is adopted"),
        Progress::NewBest { trial, value } => println!("trial {}: {value}", trial.id),
        Progress::Busy { retry_after } => println!("no room; asked again in {retry_after:.0?}"),
        Progress::Retrying { job, after } => println!("{job} in {after:.0?}"),
        Progress::OutOfBudget { .. } => println!("the budget is spent: what runs comes to its end"),
        Progress::Warning(text) => println!("warning: {text}"),
        Progress::Paused { why } => println!("paused: {why}"),
        Progress::Resumed => println!("resumed"),
        _ => {}
    }
}

fn hand_over(
    request: &CreateHyperParameterTuningJobRequest,
    service: SageMakerService,
    poll: Option<f64>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut job = TuningJob::launch(request, service)?;
    if let Some(seconds) = poll {
        job = job.looked_at_every(Duration::from_secs_f64(seconds));
    }
    job = job.telling(|text| println!("\n{text}"));
    println!(
        "Tuning job {} is launched; what it does costs until it ends or is stopped.",
        job.name()
    );
    let end = job.follow(|so_far| {
        let counters = so_far.training_job_status_counters;
        print!("\r{} completed, {} in progress", counters.completed, counters.in_progress);
        let _ = std::io::stdout().flush();
        ControlFlow::Continue(())
    })?;
    let (study, brought) = end.study(&job.training_jobs()?)?;
    println!("\n{:?}; {} observations were brought back", end.status, brought.observed);
    for (name, why) in &brought.left_out {
        println!("{name} says nothing: {why}");
    }
    show_best(&study).ok_or("no training job completed")?;
    Ok(())
}
