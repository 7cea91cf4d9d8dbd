//! First jobs that prove that no job can succeed, budgets that are raised, and places of jobs: rules of the loop, whatever runs the jobs.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use surmise::evaluator::{Adoption, EvaluatorError, Job, JobEvent, JobId, RunningJob, Start};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

/// Runs jobs of a second each, with outcomes by the number of their trial, as long as there is a budget; says where each runs.
struct Scripted {
    outcome: Box<dyn Fn(u64) -> Outcome>,
    running: VecDeque<(JobId, Duration)>,
    now: Duration,
    budget: usize,
    started: usize,
    most_at_once: usize,
    /// Jobs that run already, as of an earlier call.
    already: Vec<JobId>,
    events: Vec<JobEvent>,
    is_elsewhere: bool,
}

impl Scripted {
    fn new(outcome: impl Fn(u64) -> Outcome + 'static) -> Self {
        Self {
            outcome: Box::new(outcome),
            running: VecDeque::new(),
            now: Duration::ZERO,
            budget: usize::MAX,
            started: 0,
            most_at_once: 0,
            already: Vec::new(),
            events: Vec::new(),
            is_elsewhere: false,
        }
    }

    fn run(&mut self, job: JobId) {
        self.running.push_back((job, self.now + SECOND));
        self.most_at_once = self.most_at_once.max(self.running.len());
        self.events.push(JobEvent::Located { job, place: format!("here/{}", job.trial) });
    }
}

impl Evaluator for Scripted {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        if self.started >= self.budget {
            let spent = SECOND * u32::try_from(self.started).unwrap();
            return Ok(Start::OutOfBudget { spent, budget: spent });
        }
        self.started += 1;
        self.run(job.id());
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let mut events = std::mem::take(&mut self.events);
        if events.is_empty() {
            let next = self.running.front().map_or(timeout, |(_, end)| *end - self.now);
            self.now += next.min(timeout);
            while let Some((job, _)) = self.running.front().filter(|(_, end)| *end <= self.now) {
                let (job, outcome) = (*job, (self.outcome)(job.trial.0));
                events.push(JobEvent::Ended { job, outcome });
                self.running.pop_front();
            }
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        if let Some(place) = self.running.iter().position(|(running, _)| *running == job) {
            self.running.remove(place);
            self.events.push(JobEvent::Ended { job, outcome: Outcome::Stopped { value: None } });
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.now
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if !self.already.contains(&job.id()) {
            return Ok(Adoption::NotRunning);
        }
        self.run(job.id());
        Ok(Adoption::Running)
    }

    fn recall(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        match trials.first() {
            Some(trial) if self.is_elsewhere => {
                let place = trial.place.clone().unwrap_or_default();
                Err(EvaluatorError::new(format!("{place} is not here")))
            }
            _ => Ok(()),
        }
    }

    fn is_worth_retrying(&self, kind: FailureKind) -> bool {
        kind != FailureKind::MissingMetric
    }

    fn may_still_run(&mut self) -> Vec<RunningJob> {
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

fn reason(rules: TuningRules, parallel: usize, jobs: &mut Scripted) -> StopReason {
    Tuner::with(rules).run(&mut study(30, parallel, Vec::new()), jobs).unwrap().reason
}

#[test]
fn first_jobs_that_nothing_can_mend_end_a_tuning() {
    let rules = || TuningRules { canary: Some(Canary::default()), ..Default::default() };
    for kind in [FailureKind::Setup, FailureKind::MissingMetric] {
        let mut jobs = Scripted::new(move |_| failed(kind));
        let reason = reason(rules(), 1, &mut jobs);
        assert!(
            matches!(&reason, StopReason::FirstJobsFailed { jobs: 2, last } if last.kind == kind),
            "{reason:?}"
        );
        assert!(reason.to_string().contains("as scripted"), "{reason}");
        assert_eq!(jobs.started, 2, "none was tried again");
    }
    // What fails for its own reasons proves nothing, nor does anything once a job has a value.
    let mut jobs = Scripted::new(|_| failed(FailureKind::Error));
    assert!(matches!(reason(rules(), 1, &mut jobs), StopReason::TooManyFailures { .. }));
    let mut jobs = Scripted::new(|number| match number {
        2 => 0.5.into(),
        1..10 => failed(FailureKind::Setup),
        _ => 0.25.into(),
    });
    assert_eq!(reason(rules(), 1, &mut jobs), StopReason::JobLimit { jobs: 30 });
    // By default there is no canary.
    let mut jobs =
        Scripted::new(|number| if number < 5 { failed(FailureKind::Setup) } else { 0.5.into() });
    assert_eq!(reason(TuningRules::default(), 1, &mut jobs), StopReason::JobLimit { jobs: 30 });
}

#[test]
fn a_canary_runs_alone_until_a_job_has_a_value() {
    let canary = Some(Canary { failures: 3, ..Default::default() }.one_at_a_time());
    let rules = || TuningRules { canary, ..Default::default() };
    let mut jobs = Scripted::new(|_| failed(FailureKind::Setup));
    assert!(matches!(reason(rules(), 8, &mut jobs), StopReason::FirstJobsFailed { jobs: 3, .. }));
    assert_eq!((jobs.started, jobs.most_at_once), (3, 1));
    let mut jobs = Scripted::new(|_| 0.5.into());
    assert_eq!(reason(rules(), 8, &mut jobs), StopReason::JobLimit { jobs: 30 });
    assert_eq!(jobs.most_at_once, 8);
}

#[test]
fn jobs_in_a_row_without_a_metric_end_a_tuning() {
    let rules = TuningRules { missing_metrics: Some(5), ..Default::default() };
    // Four in a row, one that has it, five in a row.
    let outcome =
        |number| if number == 5 { 0.5.into() } else { failed(FailureKind::MissingMetric) };
    let mut jobs = Scripted::new(outcome);
    let reason = reason(rules, 1, &mut jobs);
    assert!(matches!(reason, StopReason::MissingMetrics { jobs: 5, .. }), "{reason:?}");
    assert_eq!(jobs.started, 10);
}

#[test]
fn a_budget_that_is_used_up_drains_and_says_so_once() {
    let mut jobs = Scripted::new(|_| 0.5.into());
    jobs.budget = 7;
    let mut told = 0;
    let mut known = study(30, 3, Vec::new());
    let tuned = Tuner::new()
        .observe(|_, progress| {
            told += usize::from(matches!(progress, Progress::OutOfBudget { .. }));
            ControlFlow::Continue(())
        })
        .run(&mut known, &mut jobs)
        .unwrap();
    assert!(matches!(tuned.reason, StopReason::OutOfBudget { jobs: 7, .. }), "{:?}", tuned.reason);
    let waiting = known.pending().count();
    assert!(told == 1 && (1..=3).contains(&waiting), "{told} {waiting}");
    // With more to spend it goes on where it was.
    jobs.budget = 100;
    let tuned = Tuner::new().run(&mut known, &mut jobs).unwrap();
    assert_eq!((tuned.reason, jobs.started), (StopReason::JobLimit { jobs: 30 }, 30));
}

#[test]
fn the_ledger_knows_where_jobs_run() {
    let mut jobs = Scripted::new(|_| 0.5.into());
    let mut known = study(3, 1, Vec::new());
    Tuner::new().run(&mut known, &mut jobs).unwrap();
    assert_eq!(known.trials()[1].place.as_deref(), Some("here/2"));
    let again = study(3, 1, known.events().to_vec());
    assert_eq!(again.trials(), known.trials());
    // An evaluator that reaches another place says so before anything is started.
    let mut elsewhere = Scripted { is_elsewhere: true, ..Scripted::new(|_| 0.5.into()) };
    let mut more = study(5, 1, known.events().to_vec());
    let error = Tuner::new().run(&mut more, &mut elsewhere).unwrap_err();
    assert!(error.to_string().contains("here/1 is not here"), "{error}");
    assert_eq!(elsewhere.started, 0);
}

#[test]
fn jobs_of_before_are_taken_on_though_the_tuning_is_over() {
    // Two jobs run, of a tuner that was killed; the target has been reached.
    let mut first = study(5, 3, Vec::new());
    let ids: Vec<TrialId> = match first.ask(3).unwrap() {
        Asked::Trials(trials) => trials.iter().map(|trial| trial.id).collect(),
        other => panic!("{other:?}"),
    };
    first.locate(ids[1], "here/2").unwrap();
    first.locate(ids[2], "here/3").unwrap();
    first.locate(ids[2], "here/3").unwrap();
    let located = |event: &&Event| matches!(event, Event::Located { .. });
    assert_eq!(first.events().iter().filter(located).count(), 2, "the same once more is nothing");
    first.tell(ids[0], Outcome::from(0.1)).unwrap();
    let mut jobs = Scripted::new(|_| 0.5.into());
    jobs.already = ids[1..].iter().map(|trial| JobId { trial: *trial, attempt: 1 }).collect();
    let rules = TuningRules { completion: CompletionCriteria::target(0.2), ..Default::default() };
    let tuned = Tuner::with(rules).run(&mut first, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::TargetReached { .. }), "{:?}", tuned.reason);
    assert!(first.pending().next().is_none(), "they were asked to stop, and waited for");
    assert!(tuned.may_still_run.is_empty());
    assert_eq!(jobs.started, 0);
}
