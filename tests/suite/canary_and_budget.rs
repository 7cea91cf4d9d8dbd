//! Rules of the tuner for jobs that cost money: canary jobs, missing metrics, budgets, recorded
//! locations, and the adoption of running jobs.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use surmise::evaluator::{
    Adoption, EvaluatorError, Job, JobEvent, JobId, RunningJob, StartOutcome,
};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

/// Runs jobs of one second each, with outcomes by trial number, until a budget is spent. It reports
/// the location of each job.
struct ScriptedEvaluator {
    outcome: Box<dyn Fn(u64) -> Outcome>,
    running: VecDeque<(JobId, Duration)>,
    time: Duration,
    /// The number of jobs that the budget pays for.
    budget: usize,
    started: usize,
    max_running: usize,
    /// Jobs that an earlier call has left running.
    running_before: Vec<JobId>,
    events: Vec<JobEvent>,
    /// Makes `on_resume` return an error.
    cannot_reach_jobs: bool,
}

impl ScriptedEvaluator {
    fn new(outcome: impl Fn(u64) -> Outcome + 'static) -> Self {
        Self {
            outcome: Box::new(outcome),
            running: VecDeque::new(),
            time: Duration::ZERO,
            budget: usize::MAX,
            started: 0,
            max_running: 0,
            running_before: Vec::new(),
            events: Vec::new(),
            cannot_reach_jobs: false,
        }
    }

    fn launch(&mut self, job: JobId) {
        self.running.push_back((job, self.time + SECOND));
        self.max_running = self.max_running.max(self.running.len());
        self.events.push(JobEvent::Located { job, location: format!("here/{}", job.trial) });
    }
}

impl Evaluator for ScriptedEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        if self.started >= self.budget {
            let spent = SECOND * u32::try_from(self.started).unwrap();
            return Ok(StartOutcome::OutOfBudget { spent, budget: spent });
        }
        self.started += 1;
        self.launch(job.id());
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let mut events = std::mem::take(&mut self.events);
        if events.is_empty() {
            let until_end = self.running.front().map_or(timeout, |(_, end)| *end - self.time);
            self.time += until_end.min(timeout);
            while let Some((job, _)) = self.running.front().filter(|(_, end)| *end <= self.time) {
                let (job, outcome) = (*job, (self.outcome)(job.trial.0));
                events.push(JobEvent::Ended { job, outcome });
                self.running.pop_front();
            }
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        if let Some(index) = self.running.iter().position(|(running, _)| *running == job) {
            self.running.remove(index);
            self.events.push(JobEvent::Ended { job, outcome: Outcome::Stopped { value: None } });
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if !self.running_before.contains(&job.id()) {
            return Ok(Adoption::NotRunning);
        }
        self.launch(job.id());
        Ok(Adoption::Running)
    }

    fn on_resume(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        match trials.first() {
            Some(trial) if self.cannot_reach_jobs => {
                let location = trial.job_location.clone().unwrap_or_default();
                Err(EvaluatorError::new(format!("{location} is not here")))
            }
            _ => Ok(()),
        }
    }

    fn is_worth_retrying(&self, kind: FailureKind) -> bool {
        kind != FailureKind::MissingMetric
    }

    fn possibly_running(&mut self) -> Vec<RunningJob> {
        let name = |job: JobId| format!("here/{}", job.trial);
        self.running.iter().map(|(job, _)| RunningJob { job: *job, name: name(*job) }).collect()
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

fn study(jobs: usize, parallel: usize, events: Vec<Event>) -> Study {
    let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    let space = SearchSpace::new([range]).unwrap();
    let settings =
        StudySettings { limits: ResourceLimits::new(jobs, parallel), ..Default::default() };
    Study::replay(space, Objective::minimize("loss"), RandomSearch, settings, events).unwrap()
}

fn failed(kind: FailureKind) -> Outcome {
    Outcome::Failed(Failure::new(kind, "as scripted"))
}

fn reason(rules: TuningRules, parallel: usize, jobs: &mut ScriptedEvaluator) -> StopReason {
    Tuner::with_rules(rules).run(&mut study(30, parallel, Vec::new()), jobs).unwrap().reason
}

#[test]
fn setup_failures_of_the_first_jobs_end_the_tuning() {
    let rules = || TuningRules { canary: Some(Canary::default()), ..Default::default() };
    for kind in [FailureKind::Setup, FailureKind::MissingMetric] {
        let mut jobs = ScriptedEvaluator::new(move |_| failed(kind));
        let reason = reason(rules(), 1, &mut jobs);
        assert!(
            matches!(&reason, StopReason::FirstJobsFailed { jobs: 2, last } if last.kind == kind),
            "{reason:?}"
        );
        assert!(reason.to_string().contains("as scripted"), "{reason}");
        assert_eq!(jobs.started, 2, "no job was retried");
    }
    // Other failures do not end the tuning, and no failure does once a job has a value.
    let mut jobs = ScriptedEvaluator::new(|_| failed(FailureKind::Error));
    assert!(matches!(reason(rules(), 1, &mut jobs), StopReason::TooManyFailures { .. }));
    let mut jobs = ScriptedEvaluator::new(|number| match number {
        2 => 0.5.into(),
        1..10 => failed(FailureKind::Setup),
        _ => 0.25.into(),
    });
    assert_eq!(reason(rules(), 1, &mut jobs), StopReason::JobLimit { jobs: 30 });
    // By default there is no canary.
    let mut jobs =
        ScriptedEvaluator::new(
            |number| if number < 5 { failed(FailureKind::Setup) } else { 0.5.into() },
        );
    assert_eq!(reason(TuningRules::default(), 1, &mut jobs), StopReason::JobLimit { jobs: 30 });
}

#[test]
fn a_canary_runs_alone_until_a_job_has_a_value() {
    let canary = Some(Canary { failures: 3, ..Default::default() }.one_at_a_time());
    let rules = || TuningRules { canary, ..Default::default() };
    let mut jobs = ScriptedEvaluator::new(|_| failed(FailureKind::Setup));
    assert!(matches!(reason(rules(), 8, &mut jobs), StopReason::FirstJobsFailed { jobs: 3, .. }));
    assert_eq!((jobs.started, jobs.max_running), (3, 1));
    let mut jobs = ScriptedEvaluator::new(|_| 0.5.into());
    assert_eq!(reason(rules(), 8, &mut jobs), StopReason::JobLimit { jobs: 30 });
    assert_eq!(jobs.max_running, 8);
}

#[test]
fn consecutive_missing_metrics_end_the_tuning() {
    let rules = TuningRules { max_missing_metrics: Some(5), ..Default::default() };
    // Four missing metrics, one value, five missing metrics.
    let outcome =
        |number| if number == 5 { 0.5.into() } else { failed(FailureKind::MissingMetric) };
    let mut jobs = ScriptedEvaluator::new(outcome);
    let reason = reason(rules, 1, &mut jobs);
    assert!(matches!(reason, StopReason::MissingMetrics { jobs: 5, .. }), "{reason:?}");
    assert_eq!(jobs.started, 10);
}

#[test]
fn a_spent_budget_drains_and_is_reported_once() {
    let mut jobs = ScriptedEvaluator::new(|_| 0.5.into());
    jobs.budget = 7;
    let mut out_of_budget = 0;
    let mut study = study(30, 3, Vec::new());
    let result = Tuner::new()
        .on_progress(|_, progress| {
            out_of_budget += usize::from(matches!(progress, Progress::OutOfBudget { .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert!(
        matches!(result.reason, StopReason::OutOfBudget { jobs: 7, .. }),
        "{:?}",
        result.reason
    );
    let pending = study.pending().count();
    assert!(out_of_budget == 1 && (1..=3).contains(&pending), "{out_of_budget} {pending}");
    // With a larger budget the tuning resumes.
    jobs.budget = 100;
    let result = Tuner::new().run(&mut study, &mut jobs).unwrap();
    assert_eq!((result.reason, jobs.started), (StopReason::JobLimit { jobs: 30 }, 30));
}

#[test]
fn the_events_record_where_jobs_run() {
    let mut jobs = ScriptedEvaluator::new(|_| 0.5.into());
    let mut original = study(3, 1, Vec::new());
    Tuner::new().run(&mut original, &mut jobs).unwrap();
    assert_eq!(original.trials()[1].job_location.as_deref(), Some("here/2"));
    let replayed = study(3, 1, original.events().to_vec());
    assert_eq!(replayed.trials(), original.trials());
    // If an evaluator cannot reach the location, the tuning fails before any job starts.
    let mut unreachable =
        ScriptedEvaluator { cannot_reach_jobs: true, ..ScriptedEvaluator::new(|_| 0.5.into()) };
    let mut larger_study = study(5, 1, original.events().to_vec());
    let error = Tuner::new().run(&mut larger_study, &mut unreachable).unwrap_err();
    assert!(error.to_string().contains("here/1 is not here"), "{error}");
    assert_eq!(unreachable.started, 0);
}

#[test]
fn running_jobs_are_adopted_even_if_the_tuning_is_over() {
    // A killed tuner has left two jobs running, and a value has already reached the target.
    let mut study = study(5, 3, Vec::new());
    let ids: Vec<TrialId> = match study.ask(3).unwrap() {
        AskOutcome::Trials(trials) => trials.iter().map(|trial| trial.id).collect(),
        other => panic!("{other:?}"),
    };
    study.set_job_location(ids[1], "here/2").unwrap();
    study.set_job_location(ids[2], "here/3").unwrap();
    study.set_job_location(ids[2], "here/3").unwrap();
    let located = |event: &&Event| matches!(event, Event::Located { .. });
    assert_eq!(study.events().iter().filter(located).count(), 2, "a repeated location is no event");
    study.tell(ids[0], Outcome::from(0.1)).unwrap();
    let mut jobs = ScriptedEvaluator::new(|_| 0.5.into());
    jobs.running_before =
        ids[1..].iter().map(|trial| JobId { trial: *trial, attempt: 1 }).collect();
    let rules = TuningRules { completion: CompletionCriteria::target(0.2), ..Default::default() };
    let result = Tuner::with_rules(rules).run(&mut study, &mut jobs).unwrap();
    assert!(matches!(result.reason, StopReason::TargetReached { .. }), "{:?}", result.reason);
    assert!(study.pending().next().is_none(), "both jobs were stopped and waited for");
    assert!(result.possibly_running.is_empty());
    assert_eq!(jobs.started, 0);
}
