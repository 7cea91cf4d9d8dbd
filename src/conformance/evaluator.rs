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

/// One wait, and how many without an event are patience enough for a job's end: one minute.
const WAIT: Duration = Duration::from_millis(100);
const WAITS: usize = 600;
/// What "at once" may take on a busy machine.
const AT_MOST: Duration = Duration::from_secs(5);
/// Jobs that are started together.
const TOGETHER: u64 = 6;

/// Checks what every [`Evaluator`] promises, on new ones from `make`, with some thirty jobs at random configurations of
/// `space`. Each of them must end within a minute of the evaluator's own time after the one before.
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
        let mut evaluator = make();
        let mut session = Session::new(&mut evaluator, space, name, &mut findings);
        if let Err(message) = guarded(|| stage(&mut session)) {
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
        for _ in 0..WAITS {
            match self.start(number, attempt)? {
                Start::Started | Start::Adopted => {
                    self.ended.insert(job, false);
                    return Some(job);
                }
                Start::Busy { retry_after } => self.wait(retry_after.min(WAIT)),
            }
        }
        let running = self.running();
        self.check(ROOM, running > 0, || format!("still no room after {WAITS} attempts"));
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
        self.check(TIMEOUT, !events.is_empty() || took >= timeout / 2, || {
            format!("a wait of {timeout:?} gave nothing after {took:?}")
        });
        events.into_iter().for_each(|event| self.hear(&event));
    }

    fn hear(&mut self, event: &JobEvent) {
        let job = match event {
            JobEvent::Report { job, .. } | JobEvent::Ended { job, .. } => *job,
        };
        let known = self.ended.get(&job).copied();
        self.check(KNOWN, known.is_some(), || {
            format!("{event:?}, though trial {} has no started attempt {}", job.trial, job.attempt)
        });
        self.check(ONCE, known != Some(true), || format!("{event:?} after its end"));
        if matches!(event, JobEvent::Ended { .. }) && known.is_some() {
            self.ended.insert(job, true);
        }
    }

    /// Waits until everything has ended, and a little longer for what should not come.
    fn finish(&mut self) {
        let mut quiet = 0;
        while self.running() > 0 && quiet < WAITS && !self.is_over {
            let before = self.running();
            self.wait(WAIT);
            quiet = if self.running() < before { 0 } else { quiet + 1 };
        }
        let running: Vec<JobId> =
            self.ended.iter().filter(|(_, ended)| !**ended).map(|(job, _)| *job).collect();
        let is_over = self.is_over;
        self.check(ENDS, running.is_empty() || is_over, || {
            format!("nothing of {running:?} in {WAITS} waits of {WAIT:?}")
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
    session.check(STOPPED, stopped.is_ok(), || format!("{stopped:?} for {job:?}"));
    session.check(AT_ONCE, took < AT_MOST, || format!("`stop` took {took:?}"));
}

/// Only for an evaluator that passed the rest: a job that never ends would hang the loop.
fn check_tuning(evaluator: &mut dyn Evaluator, space: &SearchSpace, findings: &mut Findings) {
    let settings = StudySettings { limits: ResourceLimits::new(8, 3), ..StudySettings::default() };
    let objective = Objective::minimize("metric");
    let run = || -> Result<String, Error> {
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings)?;
        let tuned = tune(&mut study, evaluator)?;
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
