//! The check of the contract of [`Evaluator`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::tuning::{JOB_TIMEOUT, MAX_RETRY_AFTER, MAX_WAITS, WAIT_TIMEOUT, check_tuning};
use super::violations::{ContractViolations, Requirement, ViolationCollector, catch_panic};
use crate::error::EvaluatorError;
use crate::evaluator::{Evaluator, Job, JobEvent, JobId, StartOutcome};
use crate::rng::Rng;
use crate::space::SearchSpace;
use crate::trial::{Source, Trial, TrialId};

const SUCCEEDS: Requirement = Requirement {
    text: "an evaluator that can run jobs returns no error and does not panic",
    remedy: "report the failure of one job as its outcome; return an error only if no job can run",
};
const ACCEPTS_JOBS: Requirement = Requirement {
    text: "an evaluator without running jobs accepts a job, at once or after `retry_after`",
    remedy: "return `Started`; return `Busy` only while jobs run, or until the time that \
             `retry_after` states",
};
const RETURNS_AT_ONCE: Requirement = Requirement {
    text: "`start` and `stop` return at once",
    remedy: "run the job on a thread or in a process, and return before it ends",
};
const ADOPTS: Requirement = Requirement {
    text: "`start` adopts a job that is running already",
    remedy: "keep running jobs by `JobId` until `wait` has returned their ends, and return \
             `Adopted` for them",
};
const ENDS: Requirement = Requirement {
    text: "`wait` returns the end of every started attempt",
    remedy: "return an `Ended` event for every job that was started, including stopped jobs",
};
const ENDS_ONCE: Requirement = Requirement {
    text: "an attempt ends once, and has no events after its end",
    remedy: "remove a job when `wait` returns its `Ended` event",
};
const KNOWN_JOBS: Requirement = Requirement {
    text: "`wait` returns events of started attempts only",
    remedy: "copy the `JobId` of the started `Job` into its events",
};
const SEPARATE_ATTEMPTS: Requirement = Requirement {
    text: "each attempt at a trial is a separate job",
    remedy: "identify jobs by trial and attempt",
};
const STOPS: Requirement = Requirement {
    text: "`stop` succeeds for running, ended and unknown attempts",
    remedy: "ignore attempts that do not run; for those that run, return the end from `wait`",
};
const WAITS: Requirement = Requirement {
    text: "`wait` blocks until there is an event or the timeout has passed, and no longer",
    remedy: "wait on a channel or a condition variable with the timeout, and measure by the clock \
             of `elapsed`",
};
const MONOTONIC_CLOCK: Requirement = Requirement {
    text: "`elapsed` never decreases",
    remedy: "measure from one `Instant`, taken when the evaluator is created",
};
/// Maximum duration of a call that returns at once, on a busy machine.
const CALL_TOLERANCE: Duration = Duration::from_secs(5);
/// Number of jobs that are started together.
const PARALLEL_JOBS: u64 = 6;
/// Minimum time to start these jobs that shows that `start` runs them itself.
///
/// In addition, each job must have ended when `start` returns.
const MIN_BLOCKING_TIME: Duration = Duration::from_secs(1);

/// Checks the contract of [`Evaluator`] with new evaluators, which `create` returns.
///
/// The check runs twenty jobs at random configurations of `space`. Each must end within a minute
/// after its start, or after the previous end. Times are those of [`Evaluator::elapsed`], which
/// must resolve milliseconds.
///
/// The outcomes of the jobs do not matter: an evaluator whose jobs all fail can pass. Two faults
/// can go unnoticed. A job that runs inside [`start`](Evaluator::start) is found only if it takes a
/// fifth of a second. A job that is adopted although it was never started counts as running.
///
/// The check of a correct evaluator takes as long as its jobs. A missing end costs a minute. A call
/// that never returns, such as a `wait` that ignores its timeout, hangs the check.
///
/// ```
/// use surmise::conformance::check_evaluator;
/// use surmise::{Configuration, FunctionEvaluator, ParameterRange, ScalingType, SearchSpace};
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let create =
///     || FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x").powi(2)));
/// check_evaluator(create, &space).unwrap();
/// # Ok::<(), surmise::Error>(())
/// ```
///
/// # Errors
/// Returns [`ContractViolations`] with every requirement that is not met, and the first case in
/// which it is not met.
pub fn check_evaluator<E: Evaluator>(
    mut create: impl FnMut() -> E,
    space: &SearchSpace,
) -> Result<(), ContractViolations> {
    let mut violations = ViolationCollector::default();
    let stages: [(&str, Stage); 5] = [
        ("without jobs", check_without_jobs),
        ("with one job, started twice", check_adoption),
        ("with several jobs at once", check_parallel_jobs),
        ("with two attempts at one trial", check_attempts),
        ("with stopped jobs", check_stopping),
    ];
    for (name, stage) in stages {
        if violations.has_violation(ENDS) || violations.has_violation(ACCEPTS_JOBS) {
            // Each further stage would time out for the same reason.
            break;
        }
        let result = catch_panic(|| {
            let mut evaluator = create();
            stage(&mut Session::new(&mut evaluator, space, name, &mut violations));
        });
        if let Err(message) = result {
            violations.check(SUCCEEDS, false, || format!("{name}: the panic \"{message}\""));
        }
    }
    if violations.0.is_empty() {
        check_tuning(&mut create, space, &mut violations);
    }
    violations.into_result()
}

type Stage = fn(&mut Session<'_>);

/// One evaluator in one stage of the check.
struct Session<'a> {
    evaluator: &'a mut dyn Evaluator,
    space: &'a SearchSpace,
    name: &'static str,
    violations: &'a mut ViolationCollector,
    /// Started attempts, and whether they have ended.
    has_ended: BTreeMap<JobId, bool>,
    /// The last reading of the evaluator's clock.
    time: Duration,
    /// Total time of all calls of `start`.
    total_start_time: Duration,
    /// Set after a violation that makes further checks of the stage pointless.
    is_aborted: bool,
}

impl<'a> Session<'a> {
    fn new(
        evaluator: &'a mut dyn Evaluator,
        space: &'a SearchSpace,
        name: &'static str,
        violations: &'a mut ViolationCollector,
    ) -> Self {
        let time = evaluator.elapsed();
        Self {
            evaluator,
            space,
            name,
            violations,
            has_ended: BTreeMap::new(),
            time,
            total_start_time: Duration::ZERO,
            is_aborted: false,
        }
    }

    fn check(&mut self, requirement: Requirement, is_met: bool, found: impl FnOnce() -> String) {
        let name = self.name;
        self.violations.check(requirement, is_met, || format!("{name}: {}", found()));
    }

    /// Calls the evaluator and returns the result and the duration by its clock.
    ///
    /// Returns `None` after an error.
    fn call<T>(
        &mut self,
        method: &str,
        call: impl FnOnce(&mut dyn Evaluator) -> Result<T, EvaluatorError>,
    ) -> Option<(T, Duration)> {
        if self.is_aborted {
            return None;
        }
        let before = self.read_clock();
        let result = call(self.evaluator);
        let duration = self.read_clock().saturating_sub(before);
        match result {
            Ok(result) => Some((result, duration)),
            Err(error) => {
                self.check(SUCCEEDS, false, || format!("{method} returned the error \"{error}\""));
                self.is_aborted = true;
                None
            }
        }
    }

    fn read_clock(&mut self) -> Duration {
        let (before, now) = (self.time, self.evaluator.elapsed());
        self.check(MONOTONIC_CLOCK, now >= before, || format!("{now:?} after {before:?}"));
        self.time = now;
        now
    }

    fn trial(&self, number: u64) -> Trial {
        let mut rng = Rng::stream(1, number);
        let point: Vec<f64> = self.space.axes().iter().map(|_| rng.uniform()).collect();
        let configuration = self.space.decode(&self.space.snap(&point.into()));
        Trial::new(TrialId(number), Source::Study, configuration)
    }

    fn start(&mut self, number: u64, attempt: u32) -> Option<StartOutcome> {
        let trial = self.trial(number);
        let (start, duration) =
            self.call("`start`", |evaluator| evaluator.start(&Job::new(&trial, attempt)))?;
        let is_at_once = duration < CALL_TOLERANCE;
        self.check(RETURNS_AT_ONCE, is_at_once, || format!("`start` took {duration:?}"));
        self.total_start_time += duration;
        Some(start)
    }

    /// Starts a job, and tries again while the evaluator is busy; `None` if it stays busy.
    fn start_with_retries(&mut self, number: u64, attempt: u32) -> Option<JobId> {
        let job = JobId { trial: TrialId(number), attempt };
        let (first_call, mut timeout) = (self.time, JOB_TIMEOUT);
        for _ in 0..MAX_WAITS {
            match self.start(number, attempt)? {
                StartOutcome::Started | StartOutcome::Adopted => {
                    self.has_ended.insert(job, false);
                    return Some(job);
                }
                StartOutcome::OutOfBudget { .. } => break,
                StartOutcome::Busy { .. } if self.time.saturating_sub(first_call) > timeout => {
                    break;
                }
                StartOutcome::Busy { retry_after } => {
                    // A longer `retry_after` extends the timeout.
                    timeout = timeout.max(retry_after.min(MAX_RETRY_AFTER));
                    self.wait(retry_after.clamp(Duration::from_millis(1), MAX_RETRY_AFTER));
                }
            }
        }
        let running = self.running_count();
        let waited = self.time.saturating_sub(first_call);
        if running > 0 {
            self.check(ENDS, false, || {
                format!("no job accepted for {waited:?}, because {running} jobs did not end")
            });
        } else {
            let is_aborted = self.is_aborted;
            self.check(ACCEPTS_JOBS, is_aborted, || format!("no job accepted for {waited:?}"));
        }
        self.is_aborted = true;
        None
    }

    fn running_count(&self) -> usize {
        self.has_ended.values().filter(|has_ended| !**has_ended).count()
    }

    fn wait(&mut self, timeout: Duration) {
        let Some((events, duration)) = self.call("`wait`", |evaluator| evaluator.wait(timeout))
        else {
            return;
        };
        self.check(WAITS, duration < timeout + CALL_TOLERANCE, || {
            format!("a wait of at most {timeout:?} took {duration:?}")
        });
        // Half of the timeout is enough for coarse clocks. Shorter waits would be a busy loop.
        let has_waited = !events.is_empty() || duration >= timeout / 2;
        self.check(WAITS, has_waited, || {
            format!(
                "a wait of {timeout:?} returned no event after {duration:?} of `elapsed`: it \
                 returned too early, or the clock stands still or is coarser than a millisecond"
            )
        });
        // If the clock stands still, no timeout would ever pass.
        self.is_aborted |= !has_waited;
        events.into_iter().for_each(|event| self.check_event(&event));
    }

    fn check_event(&mut self, event: &JobEvent) {
        let (job, kind) = match event {
            JobEvent::Report { job, .. } => (*job, "a report"),
            JobEvent::Ended { job, .. } => (*job, "the end"),
            JobEvent::Late { job, .. } => (*job, "a late end"),
            JobEvent::Located { job, .. } => (*job, "a location"),
            JobEvent::Paused { .. } | JobEvent::Resumed | JobEvent::Warning { .. } => return,
        };
        let has_ended = self.has_ended.get(&job).copied();
        self.check(KNOWN_JOBS, has_ended.is_some(), || {
            format!("{kind} of {job}, which was never started")
        });
        // A late end follows the end of a job; all other events precede it.
        let is_late = matches!(event, JobEvent::Late { .. });
        let is_in_order = has_ended.is_none() || has_ended == Some(is_late);
        self.check(ENDS_ONCE, is_in_order, || {
            let state = if is_late { "had not ended" } else { "had ended" };
            format!("{kind} of {job}, which {state}")
        });
        // With a wrong `JobId`, the end of the started job will probably never come.
        self.is_aborted |= has_ended.is_none();
        if matches!(event, JobEvent::Ended { .. }) && has_ended.is_some() {
            self.has_ended.insert(job, true);
        }
    }

    /// Waits until all jobs have ended, and once more for events that should not come.
    fn wait_for_ends(&mut self) {
        let (mut running, mut last_end, mut waits) = (self.running_count(), self.time, 0);
        while waits < MAX_WAITS {
            let waited = self.time.saturating_sub(last_end);
            if running == 0 || self.is_aborted || waited > JOB_TIMEOUT {
                break;
            }
            self.wait(WAIT_TIMEOUT);
            waits += 1;
            if self.running_count() < running {
                (running, last_end, waits) = (self.running_count(), self.time, 0);
            }
        }
        let waited = self.time.saturating_sub(last_end);
        let is_running = |(job, has_ended): (&JobId, &bool)| (!has_ended).then_some(*job);
        let running: Vec<JobId> = self.has_ended.iter().filter_map(is_running).collect();
        let is_aborted = self.is_aborted;
        self.check(ENDS, running.is_empty() || is_aborted, || {
            let (first, count) = (running[0], running.len());
            format!(
                "no end of {count} jobs for {waited:?} and {waits} waits, the first being {first}"
            )
        });
        self.wait(WAIT_TIMEOUT);
    }

    fn stop(&mut self, job: JobId) {
        if self.is_aborted {
            return;
        }
        let before = self.read_clock();
        let result = self.evaluator.stop(job);
        let duration = self.read_clock().saturating_sub(before);
        self.check(STOPS, result.is_ok(), || format!("an error for {job}: {result:?}"));
        let is_at_once = duration < CALL_TOLERANCE;
        self.check(RETURNS_AT_ONCE, is_at_once, || format!("`stop` took {duration:?}"));
    }
}

fn check_without_jobs(session: &mut Session<'_>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20), WAIT_TIMEOUT] {
        session.wait(timeout);
    }
}

fn check_adoption(session: &mut Session<'_>) {
    if session.start_with_retries(1, 1).is_none() {
        return;
    }
    // `wait` has not returned the end of the job, so the job counts as running.
    let second_start = session.start(1, 1);
    if let Some(start) = second_start {
        session.check(ADOPTS, start == StartOutcome::Adopted, || {
            format!("{start:?} from the second `start` of a job whose end `wait` has not returned")
        });
    }
    session.wait_for_ends();
}

fn check_parallel_jobs(session: &mut Session<'_>) {
    let mut ended_at_once = 0;
    for number in 1..=PARALLEL_JOBS {
        let Some(job) = session.start_with_retries(number, 1) else { return };
        // A job that runs inside `start` has ended when `start` returns.
        session.wait(Duration::ZERO);
        ended_at_once += u64::from(session.has_ended.get(&job) == Some(&true));
    }
    let duration = session.total_start_time;
    let runs_inside_start = ended_at_once == PARALLEL_JOBS && duration >= MIN_BLOCKING_TIME;
    session.check(RETURNS_AT_ONCE, !runs_inside_start, || {
        format!(
            "starting {PARALLEL_JOBS} jobs took {duration:?}, and each had ended when `start` \
             returned: they ran inside `start`"
        )
    });
    session.wait_for_ends();
}

fn check_attempts(session: &mut Session<'_>) {
    for attempt in [1, 2] {
        if session.start_with_retries(7, attempt).is_none() {
            return;
        }
        session.wait_for_ends();
    }
    let ends = session.has_ended.values().filter(|has_ended| **has_ended).count();
    let is_aborted = session.is_aborted;
    session.check(SEPARATE_ATTEMPTS, ends == 2 || is_aborted, || {
        format!("{ends} of 2 attempts ended under their own `JobId`")
    });
}

fn check_stopping(session: &mut Session<'_>) {
    let jobs: Vec<JobId> =
        (1..=3).filter_map(|number| session.start_with_retries(number, 1)).collect();
    let unknown = JobId { trial: TrialId(99), attempt: 1 };
    for job in jobs.iter().copied().chain([unknown]) {
        session.stop(job);
        session.stop(job);
    }
    session.wait_for_ends();
    jobs.into_iter().for_each(|job| session.stop(job));
    session.wait(WAIT_TIMEOUT);
}
