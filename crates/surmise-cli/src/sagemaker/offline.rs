//! AWS's sample state machine, tuned by training jobs on a fake SageMaker on this machine: through the real SDK, under faults, for nothing.
//!
//! Fifty training jobs, four at a time, each a gradient-boosted model of the diabetes data. The fake throttles, loses replies, lets credentials expire, has a
//! quota that is too low for a while, and fails some jobs. Hours of training take seconds, because evaluator and fake share a simulated clock.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use surmise::evaluator::JobId;
use surmise::tune::Progress;
use surmise::{Study, StudySettings, Tuner};
use surmise_bench::learner::{Diabetes, Hyperparameters};
use surmise_sagemaker::evaluator::Connection;
use surmise_sagemaker::fake::{
    FakeSageMaker, FakeSettings, FakeTraining, Fate, Faults, InstanceQuotas,
};
use surmise_sagemaker::{
    Clock, DocumentReader, SageMakerEvaluator, TuningJobDescription, TuningJobStatus,
};

use crate::output::{Failure, say, tell};

const SAMPLE: &[u8] = include_bytes!("tune_model_state_machine.json");
const JOBS: usize = 50;
const PARALLEL: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The seed of the proposals and of the faults.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Tell everything that happens.
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

pub(super) fn run(options: &Options) -> Result<(), Failure> {
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
        quotas: InstanceQuotas::in_all(PARALLEL - 1),
        latency: Duration::from_millis(300),
        ..FakeSettings::default()
    };
    let metric = tuning.objective.metric_name.clone();
    let data = Diabetes::read();
    let fake = FakeSageMaker::start(settings, move |values| training(&data, &metric, values))?;
    say(format_args!("A fake SageMaker listens at {}.", fake.url()))?;

    let service = Connection::new()
        .region("us-west-2")
        .endpoint(fake.url())
        .access_key("AKIAIOSFODNN7EXAMPLE", "nobody's", None)
        .open()?;
    let mut jobs = SageMakerEvaluator::new(&request, service)?.with_clock(clock.clone());
    let rules = jobs.rules(tuning.rules.clone());
    let settings = StudySettings { seed, limits: tuning.limits, ..StudySettings::default() };
    let mut study = Study::new(tuning.space, tuning.objective, tuning.strategy, settings)?;
    let mut is_raised = false;
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
            // After an hour the quota has been raised.
            if !is_raised && clock.now() > 60 * MINUTE {
                is_raised = true;
                fake.set_quotas(InstanceQuotas::default());
            }
            show(progress, &clock, watch);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    say(format_args!("It is over: {}.\n", tuned.reason))?;
    report(&fake, &clock, &jobs)?;

    let description = TuningJobDescription::of(&request, &study, TuningJobStatus::Completed);
    let best = study.best().ok_or("no training job completed")?;
    let job = JobId { trial: best.id, attempt: best.attempt() };
    let job = jobs.training_job(job).ok_or("the best training job is not known")?;
    say(format_args!("\nbest training job: {}", job.name))?;
    say(format_args!(
        "{}: {:.4} with {}",
        study.objective().metric_name,
        best.value().unwrap_or(f64::NAN),
        best.configuration
    ))?;
    say(format_args!("model artifact: {}", job.model.as_deref().unwrap_or("none")))?;
    let next = description.next_states_input().ok_or("no training job completed")?;
    say(format_args!("For the sample's next states: {next}"))?;
    Ok(())
}

/// What a training job does: the learner's error with its hyperparameters, after ten minutes.
fn training(data: &Diabetes, metric: &str, values: &BTreeMap<String, String>) -> FakeTraining {
    let mut hyperparameters = Hyperparameters::UNTUNED;
    for (name, value) in values.iter().filter(|(name, _)| *name != "num_round") {
        hyperparameters.set(name, value);
    }
    let training = FakeTraining::new(10 * MINUTE);
    match data.cross_validated_rmse(hyperparameters) {
        Ok(rmse) => training.metric(metric, [rmse]),
        Err(error) => training.failing(&format!("AlgorithmError: {error}")),
    }
}

fn show(progress: &Progress<'_>, clock: &Clock, watch: bool) {
    let time = clock.now().as_secs();
    let time = format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60);
    match progress {
        Progress::NewBest { trial, value } => {
            tell(format_args!("{time}  trial {}: {value:.4}", trial.id));
        }
        Progress::Paused { why } => tell(format_args!("{time}  paused: {why}")),
        Progress::Resumed => tell(format_args!("{time}  resumed")),
        Progress::Retrying { job, after } => tell(format_args!("{time}  {job} in {after:.1?}")),
        Progress::Started { job, adopted } if watch => {
            tell(format_args!("{time}  {job} {}", if *adopted { "is adopted" } else { "starts" }));
        }
        Progress::Busy { retry_after } if watch => {
            tell(format_args!("{time}  no room for {retry_after:.1?}"));
        }
        _ => {}
    }
}

/// What the fake knows of it.
fn report(fake: &FakeSageMaker, clock: &Clock, jobs: &SageMakerEvaluator) -> io::Result<()> {
    let log = fake.log();
    let count = |fate: &Fate| log.iter().filter(|entry| entry.fate == *fate).count();
    let refused = |code: &str| count(&Fate::Refused(code.to_owned()));
    let creations = fake.creations();
    let twice = creations.values().filter(|times| **times > 1).count();
    say(format_args!(
        "{} training jobs in {:.1} simulated hours, {} at once at the most; {twice} were created twice; {:.1} machine hours are billed",
        creations.len(),
        clock.now().as_secs_f64() / 3600.0,
        fake.most_at_once(),
        jobs.billed().as_secs_f64() / 3600.0,
    ))?;
    say(format_args!("{}", jobs.bill()))?;
    say(format_args!(
        "{} requests: {} throttled, {} replies lost, {} refused for a quota, {} for expired credentials",
        log.len(),
        refused("ThrottlingException"),
        count(&Fate::ReplyLost),
        refused("ResourceLimitExceeded"),
        refused("ExpiredTokenException"),
    ))
}
