//! Runs AWS's sample state machine with a fake SageMaker on this machine, free of charge.
//!
//! The command runs 50 training jobs, four at a time, through the real AWS SDK. Each job trains
//! gradient-boosted trees on the diabetes data. The fake throttles requests, loses replies, lets
//! credentials expire, has a low quota for an hour, and fails some jobs. Hours of training take
//! seconds, because the evaluator and the fake share a simulated clock.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use surmise::evaluator::JobId;
use surmise::tune::Progress;
use surmise::{Study, StudySettings, Tuner};
use surmise_bench::gradient_boosting::{DiabetesData, Hyperparameters};
use surmise_sagemaker::evaluator::Connection;
use surmise_sagemaker::fake::{
    FakeSageMaker, FakeSettings, FakeTraining, Faults, InstanceQuotas, RequestOutcome,
};
use surmise_sagemaker::{
    Clock, DocumentReader, SageMakerEvaluator, TuningJobDescription, TuningJobStatus,
};

use crate::output::{CommandError, print_if_possible, print_line};

const SAMPLE: &[u8] = include_bytes!("tune_model_state_machine.json");
const JOBS: usize = 50;
const PARALLEL: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The seed of the proposals and of the faults.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print all events of the tuning.
    #[arg(long)]
    watch: bool,
}

fn faults() -> Faults {
    Faults {
        throttled: 0.05,
        lost_replies: 0.02,
        failed_by_service: 0.05,
        expired: vec![40 * MINUTE..55 * MINUTE],
        ..Faults::default()
    }
}

pub(super) fn run(options: &Options) -> Result<(), CommandError> {
    let Options { seed, watch } = *options;
    let input = serde_json::json!({"body": {"jobName": "trees-1"}});
    let document = DocumentReader::default().with_input(input).read(SAMPLE)?;
    let request = document.request()?;
    let mut tuning = document.tuning()?;
    tuning.limits.max_jobs = Some(JOBS);
    tuning.limits.max_parallel_jobs = PARALLEL;

    let clock = Clock::simulated();
    let settings = FakeSettings {
        seed,
        clock: clock.clone(),
        faults: faults(),
        quotas: InstanceQuotas::for_all_types(PARALLEL - 1),
        latency: Duration::from_millis(300),
        ..FakeSettings::default()
    };
    let metric = tuning.objective.metric_name.clone();
    let data = DiabetesData::load();
    let fake = FakeSageMaker::start(settings, move |values| training(&data, &metric, values))?;
    print_line(format_args!("A fake SageMaker listens at {}.", fake.url()))?;

    let service = Connection::new()
        .region("us-west-2")
        .endpoint(fake.url())
        .access_key("AKIAIOSFODNN7EXAMPLE", "unused", None)
        .open()?;
    let mut jobs = SageMakerEvaluator::new(&request, service)?.with_clock(clock.clone());
    let rules = jobs.adapt_rules(tuning.rules.clone());
    let settings = StudySettings { seed, limits: tuning.limits, ..StudySettings::default() };
    let mut study = Study::new(tuning.space, tuning.objective, tuning.strategy, settings)?;
    let mut is_quota_raised = false;
    let result = Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            // The quota is raised after an hour.
            if !is_quota_raised && clock.now() > 60 * MINUTE {
                is_quota_raised = true;
                fake.set_quotas(InstanceQuotas::default());
            }
            print_event(progress, &clock, watch);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    print_line(format_args!("The tuning ended: {}.\n", result.reason))?;
    print_counts(&fake, &clock, &jobs)?;

    let description =
        TuningJobDescription::from_study(&request, &study, TuningJobStatus::Completed);
    let best = study.best().ok_or("no training job completed")?;
    let job = JobId { trial: best.id, attempt: best.attempt() };
    let job = jobs.training_job(job).ok_or("the evaluator does not know the best training job")?;
    print_line(format_args!("\nbest training job: {}", job.name))?;
    print_line(format_args!(
        "{}: {:.4} with {}",
        study.objective().metric_name,
        best.value().unwrap_or(f64::NAN),
        best.configuration
    ))?;
    print_line(format_args!("model artifact: {}", job.model.as_deref().unwrap_or("none")))?;
    let next = description.next_states_input().ok_or("no training job completed")?;
    print_line(format_args!("Input of the next states: {next}"))?;
    Ok(())
}

/// Simulates a training job of ten minutes that reports the error of the boosted trees.
fn training(data: &DiabetesData, metric: &str, values: &BTreeMap<String, String>) -> FakeTraining {
    let mut hyperparameters = Hyperparameters::UNTUNED;
    for (name, value) in values.iter().filter(|(name, _)| *name != "num_round") {
        hyperparameters.set(name, value);
    }
    let training = FakeTraining::new(10 * MINUTE);
    match data.cross_validated_rmse(hyperparameters) {
        Ok(rmse) => training.metric(metric, [rmse]),
        Err(error) => training.fail_with(&format!("AlgorithmError: {error}")),
    }
}

fn print_event(progress: &Progress<'_>, clock: &Clock, watch: bool) {
    let time = clock.now().as_secs();
    let time = format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60);
    match progress {
        Progress::NewBest { trial, value } => {
            print_if_possible(format_args!("{time}  trial {}: {value:.4}", trial.id));
        }
        Progress::Paused { why } => print_if_possible(format_args!("{time}  paused: {why}")),
        Progress::Resumed => print_if_possible(format_args!("{time}  resumed")),
        Progress::Retrying { job, after } => {
            print_if_possible(format_args!("{time}  {job} starts in {after:.1?}"));
        }
        Progress::Started { job, adopted } if watch => {
            print_if_possible(format_args!(
                "{time}  {job} {}",
                if *adopted { "is adopted" } else { "starts" }
            ));
        }
        Progress::Busy { retry_after } if watch => {
            print_if_possible(format_args!(
                "{time}  no job can be started now; retry in {retry_after:.1?}"
            ));
        }
        _ => {}
    }
}

/// Prints the counts that the fake has recorded.
fn print_counts(fake: &FakeSageMaker, clock: &Clock, jobs: &SageMakerEvaluator) -> io::Result<()> {
    let log = fake.log();
    let count =
        |outcome: &RequestOutcome| log.iter().filter(|entry| entry.outcome == *outcome).count();
    let refused = |code: &str| count(&RequestOutcome::Refused(code.to_owned()));
    let creations = fake.creation_counts();
    let duplicates = creations.values().filter(|times| **times > 1).count();
    print_line(format_args!(
        "{} training jobs in {:.1} simulated hours, at most {} at a time; {duplicates} were \
         created twice; {:.1} machine hours are billed",
        creations.len(),
        clock.now().as_secs_f64() / 3600.0,
        fake.max_concurrent_jobs(),
        jobs.billed().as_secs_f64() / 3600.0,
    ))?;
    print_line(format_args!("{}", jobs.bill()))?;
    print_line(format_args!(
        "{} requests: {} throttled, {} replies lost, {} rejected for a quota, {} for expired \
         credentials",
        log.len(),
        refused("ThrottlingException"),
        count(&RequestOutcome::ReplyLost),
        refused("ResourceLimitExceeded"),
        refused("ExpiredTokenException"),
    ))
}
