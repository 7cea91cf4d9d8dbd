//! What every evaluator promises.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Breaches, Findings, guarded};
use crate::error::{Error, EvaluatorError};
use crate::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use crate::limits::ResourceLimits;
use crate::objective::Objective;
use crate::rng::Rng;
use crate::space::SearchSpace;
use crate::strategy::RandomSearch;
use crate::study::{Study, StudySettings};
use crate::trial::{Source, Trial, TrialId};
use crate::tune::tune;

const SOUND: &str = "an evaluator that can run jobs gives no error and does not panic";
const ROOM: &str =
    "an evaluator at which nothing runs takes a job on, now or when it said to ask again";
const AT_ONCE: &str = "`start` and `stop` return at once";
const ADOPTED: &str = "to start a job that runs is to adopt it";
const ENDS: &str = "every started attempt ends";
const ONCE: &str = "an attempt ends once, and is silent afterwards";
const KNOWN: &str = "there are events of started attempts only";
const ATTEMPTS: &str = "a further attempt at a trial is a job of its own";
const STOPPED: &str =
    "to stop an attempt that runs, has ended or never was is no error and no event of its own";
const TIMEOUT: &str = "`wait` blocks until something happened or the timeout passed, and no longer";
const CLOCK: &str = "`elapsed` never goes back";
const TUNED: &str =
    "a tuning job on it comes to its end, and every event belongs to a job that runs";

/// How long a job may take, by the evaluator's clock.
const PATIENCE: Duration = Duration::from_secs(60);
/// One wait for it.
const WAIT: Duration = Duration::from_millis(100);
/// So many waits are enough, whatever the clock says.
const MOST_WAITS: usize = 100_000;
/// What "at once" may take on a busy machine.
const AT_MOST: Duration = Duration::from_secs(5);
/// Jobs that are started together.
const TOGETHER: u64 = 6;

/// Checks what every [`Evaluator`] promises, on new ones from `make`, with twenty jobs at random configurations of
/// `space`. Each of them must end within a minute of the evaluator's own time after its start or after the one before; all
/// times are those of [`Evaluator::elapsed`], which must tell milliseconds apart.
///
/// A job that was never started and yet is adopted, as after a restart, is taken for one that runs. That a closure blocks in
/// [`start`](Evaluator::start) is found if it blocks for five seconds.
///
/// ```
/// use surmise::*;
///
/// let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])?;
/// let evaluator = || FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x").powi(2)));
/// surmise::conformance::check_evaluator(evaluator, &space).unwrap();
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Breaches`] lists every promise that was not kept, with the first place where.
pub fn check_evaluator<E: Evaluator>(
    mut make: impl FnMut() -> E,
    space: &SearchSpace,
) -> Result<(), Breaches> {
    let mut findings = Findings::default();
    let stages: [(&str, Stage); 5] = [
        ("while nothing runs", idle),
        ("with one job, started twice", one_job_started_twice),
        ("with several jobs at once", several_at_once),
        ("with two attempts at one trial", two_attempts),
        ("with jobs that are stopped", stopped),
    ];
    for (name, stage) in stages {
        let watched = guarded(|| {
            let mut evaluator = make();
            stage(&mut Session::new(&mut evaluator, space, name, &mut findings));
        });
        if let Err(message) = watched {
            findings.check(SOUND, false, || format!("{name}: the panic \"{message}\""));
        }
    }
    if findings.0.is_empty() {
        check_tuning(&mut make(), space, &mut findings);
    }
    findings.into_result()
}

type Stage = fn(&mut Session<'_>);

/// One evaluator under watch.
struct Session<'a> {
    evaluator: &'a mut dyn Evaluator,
    space: &'a SearchSpace,
    name: &'static str,
    findings: &'a mut Findings,
    /// Started attempts, and whether their end has been told.
    ended: BTreeMap<JobId, bool>,
    time: Duration,
    /// After trouble nothing further can be learnt.
    is_over: bool,
}

impl<'a> Session<'a> {
    fn new(
        evaluator: &'a mut dyn Evaluator,
        space: &'a SearchSpace,
        name: &'static str,
        findings: &'a mut Findings,
    ) -> Self {
        let time = evaluator.elapsed();
        Self { evaluator, space, name, findings, ended: BTreeMap::new(), time, is_over: false }
    }

    fn check(&mut self, promise: &'static str, kept: bool, found: impl FnOnce() -> String) {
        let name = self.name;
        self.findings.check(promise, kept, || format!("{name}: {}", found()));
    }

    /// Calls the evaluator; what it gave, unless that was an error, and how long it took by its own clock.
    fn call<T>(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut dyn Evaluator) -> Result<T, EvaluatorError>,
    ) -> Option<(T, Duration)> {
        if self.is_over {
            return None;
        }
        let before = self.look_at_the_clock();
        let given = call(self.evaluator);
        let took = self.look_at_the_clock().saturating_sub(before);
        match given {
            Ok(given) => Some((given, took)),
            Err(error) => {
                self.check(SOUND, false, || format!("{what} gave the error \"{error}\""));
                self.is_over = true;
                None
            }
        }
    }

    fn look_at_the_clock(&mut self) -> Duration {
        let (before, now) = (self.time, self.evaluator.elapsed());
        self.check(CLOCK, now >= before, || format!("{now:?} after {before:?}"));
        self.time = now;
        now
    }

    fn trial(&self, number: u64) -> Trial {
        let mut rng = Rng::stream(1, number);
        let point: Vec<f64> = self.space.axes().iter().map(|_| rng.uniform()).collect();
        Trial {
            id: TrialId(number),
            source: Source::Own,
            configuration: self.space.decode(&self.space.snap(&point.into())),
            reports: Vec::new(),
            outcome: None,
        }
    }

    fn start(&mut self, number: u64, attempt: u32) -> Option<Start> {
        let trial = self.trial(number);
        let (start, took) =
            self.call("`start`", |evaluator| evaluator.start(&Job { trial: &trial, attempt }))?;
        self.check(AT_ONCE, took < AT_MOST, || format!("`start` took {took:?}"));
        Some(start)
    }

    /// Starts a job that does not run; waits for room if it must. Its identity, unless there was never room.
    fn launch(&mut self, number: u64, attempt: u32) -> Option<JobId> {
        let job = JobId { trial: TrialId(number), attempt };
        let (asked, mut patience) = (self.time, PATIENCE);
        for _ in 0..MOST_WAITS {
            match self.start(number, attempt)? {
                Start::Started | Start::Adopted => {
                    self.ended.insert(job, false);
                    return Some(job);
                }
                Start::Busy { .. } if self.time.saturating_sub(asked) > patience => break,
                Start::Busy { retry_after } => {
                    // Whoever says how long is taken at their word.
                    patience = patience.max(retry_after);
                    self.wait(retry_after.max(Duration::from_millis(1)));
                }
            }
        }
        let (running, waited) = (self.running(), self.time.saturating_sub(asked));
        self.check(ROOM, false, || {
            format!("after {waited:?} there is no room yet, and {running} jobs run")
        });
        self.is_over = true;
        None
    }

    fn running(&self) -> usize {
        self.ended.values().filter(|ended| !**ended).count()
    }

    fn wait(&mut self, timeout: Duration) {
        let Some((events, took)) = self.call("`wait`", |evaluator| evaluator.wait(timeout)) else {
            return;
        };
        self.check(TIMEOUT, took < timeout + AT_MOST, || {
            format!("a wait of at most {timeout:?} took {took:?}")
        });
        // Clocks are coarse; a wait that hardly waits at all keeps a processor busy.
        let in_time = !events.is_empty() || took >= timeout / 2;
        self.check(TIMEOUT, in_time, || {
            format!("a wait of {timeout:?} gave nothing after {took:?}")
        });
        // With a clock that stands still, waiting for anything could take for ever.
        self.is_over |= !in_time;
        events.into_iter().for_each(|event| self.hear(&event));
    }

    fn hear(&mut self, event: &JobEvent) {
        let job = match event {
            JobEvent::Report { job, .. } | JobEvent::Ended { job, .. } => *job,
        };
        let known = self.ended.get(&job).copied();
        self.check(KNOWN, known.is_some(), || format!("{event:?}, though {job} was never started"));
        self.check(ONCE, known != Some(true), || format!("{event:?} after its end"));
        if matches!(event, JobEvent::Ended { .. }) && known.is_some() {
            self.ended.insert(job, true);
        }
    }

    /// Waits until everything has ended, and a little longer for what should not come.
    fn finish(&mut self) {
        let (mut running, mut since) = (self.running(), self.time);
        for _ in 0..MOST_WAITS {
            if running == 0 || self.is_over || self.time.saturating_sub(since) > PATIENCE {
                break;
            }
            self.wait(WAIT);
            if self.running() < running {
                (running, since) = (self.running(), self.time);
            }
        }
        let silent = self.time.saturating_sub(since);
        let open: Vec<JobId> =
            self.ended.iter().filter(|(_, ended)| !**ended).map(|(job, _)| *job).collect();
        let is_over = self.is_over;
        self.check(ENDS, open.is_empty() || is_over, || {
            let (first, count) = (open[0], open.len());
            format!("no end of {count} jobs for {silent:?}, the first being {first}")
        });
        self.wait(WAIT);
    }
}

fn idle(session: &mut Session<'_>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20), WAIT] {
        session.wait(timeout);
    }
}

fn one_job_started_twice(session: &mut Session<'_>) {
    if session.launch(1, 1).is_none() {
        return;
    }
    // Its end has not been told, so it still runs.
    let again = session.start(1, 1);
    session.check(ADOPTED, again.is_none_or(|start| start == Start::Adopted), || {
        format!("{again:?} from the second `start` of a job whose end had not been told")
    });
    session.finish();
}

fn several_at_once(session: &mut Session<'_>) {
    for number in 1..=TOGETHER {
        session.launch(number, 1);
    }
    session.finish();
}

fn two_attempts(session: &mut Session<'_>) {
    for attempt in [1, 2] {
        if session.launch(7, attempt).is_none() {
            return;
        }
        session.finish();
    }
    let ends = session.ended.values().filter(|ended| **ended).count();
    let is_over = session.is_over;
    session.check(ATTEMPTS, ends == 2 || is_over, || {
        format!("{ends} of 2 attempts ended under their own number")
    });
}

fn stopped(session: &mut Session<'_>) {
    let jobs: Vec<JobId> = (1..=3).filter_map(|number| session.launch(number, 1)).collect();
    let never = JobId { trial: TrialId(99), attempt: 1 };
    for job in jobs.iter().copied().chain([never]) {
        stop(session, job);
        stop(session, job);
    }
    session.finish();
    jobs.into_iter().for_each(|job| stop(session, job));
    session.wait(WAIT);
}

fn stop(session: &mut Session<'_>, job: JobId) {
    if session.is_over {
        return;
    }
    let before = session.look_at_the_clock();
    let stopped = session.evaluator.stop(job);
    let took = session.look_at_the_clock().saturating_sub(before);
    session.check(STOPPED, stopped.is_ok(), || format!("{stopped:?} for {job}"));
    session.check(AT_ONCE, took < AT_MOST, || format!("`stop` took {took:?}"));
}

fn check_tuning(evaluator: &mut dyn Evaluator, space: &SearchSpace, findings: &mut Findings) {
    let settings = StudySettings { limits: ResourceLimits::new(8, 3), ..StudySettings::default() };
    let objective = Objective::minimize("metric");
    let run = || -> Result<String, Error> {
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings)?;
        let since = evaluator.elapsed();
        let tuned = tune(&mut study, &mut Impatient { evaluator, since })?;
        let open = study.pending().count();
        Ok(match (open, tuned.disregarded.as_slice()) {
            (0, []) => String::new(),
            (0, [first, ..]) => format!("{first:?}, though that job did not run"),
            _ => format!("{open} trials that never ended"),
        })
    };
    let found = match guarded(run) {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => format!("the error \"{error}\""),
        Err(message) => format!("the panic \"{message}\""),
    };
    findings.check(TUNED, found.is_empty(), || found.clone());
}

/// An evaluator that gives up when no job has ended for a while, so that a check comes to its end.
struct Impatient<'a> {
    evaluator: &'a mut dyn Evaluator,
    /// When a job ended last.
    since: Duration,
}

impl Evaluator for Impatient<'_> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        self.evaluator.start(job)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events = self.evaluator.wait(timeout.min(PATIENCE))?;
        let now = self.elapsed();
        if events.iter().any(|event| matches!(event, JobEvent::Ended { .. })) {
            self.since = now;
        } else if now.saturating_sub(self.since) >= PATIENCE {
            let waited = now.saturating_sub(self.since);
            return Err(EvaluatorError::new(format!("no job has ended for {waited:?}")));
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.evaluator.stop(job)
    }

    fn elapsed(&self) -> Duration {
        self.evaluator.elapsed()
    }
}
