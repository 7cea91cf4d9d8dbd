//! What every evaluator promises.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::findings::{Breaches, Findings, Promise, guarded};
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

const SOUND: Promise = Promise {
    what: "an evaluator that can run jobs gives no error and does not panic",
    remedy: "tell what one job does wrong as its outcome; keep errors for what stops all jobs",
};
const ROOM: Promise = Promise {
    what: "an evaluator at which nothing runs takes a job on, now or when it said to ask again",
    remedy: "give `Started`, or `Busy` only while jobs run or for as long as you say",
};
const AT_ONCE: Promise = Promise {
    what: "`start` and `stop` return at once",
    remedy: "let the job run on a thread or in a process, and return",
};
const ADOPTED: Promise = Promise {
    what: "to start a job that runs is to adopt it",
    remedy: "remember what runs by its `JobId` until `wait` has told its end, and give `Adopted` for it",
};
const ENDS: Promise = Promise {
    what: "every started attempt ends",
    remedy: "tell an `Ended` event for every job that was started, whatever became of it, a stopped one included",
};
const ONCE: Promise = Promise {
    what: "an attempt ends once, and is silent afterwards",
    remedy: "forget a job when its `Ended` event is told",
};
const KNOWN: Promise = Promise {
    what: "there are events of started attempts only",
    remedy: "put the `JobId` of the `Job` that was started into its events",
};
const ATTEMPTS: Promise = Promise {
    what: "a further attempt at a trial is a job of its own",
    remedy: "tell jobs apart by trial and attempt",
};
const STOPPED: Promise = Promise {
    what: "to stop an attempt that runs, has ended or never was is no error and no event of its own",
    remedy: "ignore what does not run; of what does, `wait` tells the end",
};
const TIMEOUT: Promise = Promise {
    what: "`wait` blocks until something happened or the timeout passed, and no longer",
    remedy: "wait on a channel or a condition with the timeout, and measure with the clock of `elapsed`",
};
const CLOCK: Promise = Promise {
    what: "`elapsed` never goes back",
    remedy: "measure from an `Instant` that is taken once",
};
const TUNED: Promise = Promise {
    what: "a tuning job on it comes to its end, and every event belongs to a job that runs",
    remedy: "run `tune` on it with one job at a time and watch the events",
};

/// How long a job may take, by the evaluator's clock.
const PATIENCE: Duration = Duration::from_secs(60);
/// One wait for it.
const WAIT: Duration = Duration::from_millis(100);
/// As long as `tune` waits at the most.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// So many waits are enough, whatever the clock says.
const MOST_WAITS: usize = 100_000;
/// What "at once" may take on a busy machine.
const AT_MOST: Duration = Duration::from_secs(5);
/// Jobs that are started together.
const TOGETHER: u64 = 6;
/// If starting them takes this long, and each is over when `start` returns, they ran within it.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// Checks what every [`Evaluator`] promises, on new ones from `make`, with twenty jobs at random configurations of
/// `space`. Each of them must end within a minute of the evaluator's own time after its start or after the one before; all
/// times are those of [`Evaluator::elapsed`], which must tell milliseconds apart.
///
/// What the jobs make of their configurations is not looked at: an evaluator whose every job fails passes. That jobs run
/// within [`start`](Evaluator::start) is found if they take a fifth of a second. A job that was never started and yet is
/// adopted, as after a restart, is taken for one that runs.
///
/// An evaluator that conforms takes as long as its jobs; to find that an end never comes takes a minute. A call that never
/// returns, such as a `wait` that ignores its timeout, hangs the check: it is the call in which your test is stuck.
///
/// ```
/// use surmise::{Configuration, Error, FunctionEvaluator, ParameterRange, ScalingType, SearchSpace};
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
        if findings.has(ENDS) || findings.has(ROOM) {
            // Each further stage would wait for the same in vain.
            break;
        }
        let watched = guarded(|| {
            let mut evaluator = make();
            stage(&mut Session::new(&mut evaluator, space, name, &mut findings));
        });
        if let Err(message) = watched {
            findings.check(SOUND, false, || format!("{name}: the panic \"{message}\""));
        }
    }
    if findings.0.is_empty() {
        check_tuning(&mut make, space, &mut findings);
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
    /// What all calls of `start` took together.
    starting: Duration,
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
        let (ended, starting) = (BTreeMap::new(), Duration::ZERO);
        Self { evaluator, space, name, findings, ended, time, starting, is_over: false }
    }

    fn check(&mut self, promise: Promise, kept: bool, found: impl FnOnce() -> String) {
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
        let configuration = self.space.decode(&self.space.snap(&point.into()));
        Trial::new(TrialId(number), Source::Own, configuration)
    }

    fn start(&mut self, number: u64, attempt: u32) -> Option<Start> {
        let trial = self.trial(number);
        let (start, took) =
            self.call("`start`", |evaluator| evaluator.start(&Job::new(&trial, attempt)))?;
        self.check(AT_ONCE, took < AT_MOST, || format!("`start` took {took:?}"));
        self.starting += took;
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
                Start::OutOfBudget { .. } => break,
                Start::Busy { .. } if self.time.saturating_sub(asked) > patience => break,
                Start::Busy { retry_after } => {
                    // Whoever says how long is taken at their word.
                    patience = patience.max(retry_after.min(LONGEST_WAIT));
                    self.wait(retry_after.clamp(Duration::from_millis(1), LONGEST_WAIT));
                }
            }
        }
        let (running, waited) = (self.running(), self.time.saturating_sub(asked));
        if running > 0 {
            self.check(ENDS, false, || {
                format!("no room for {waited:?}, because {running} jobs did not end")
            });
        } else {
            self.check(ROOM, self.is_over, || format!("no room for {waited:?}"));
        }
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
            format!(
                "a wait of {timeout:?} gave nothing after {took:?} of `elapsed`: it returned too \
                 early, or that clock stands still or is coarser than a millisecond"
            )
        });
        // With a clock that stands still, waiting for anything could take for ever.
        self.is_over |= !in_time;
        events.into_iter().for_each(|event| self.hear(&event));
    }

    fn hear(&mut self, event: &JobEvent) {
        let (job, what) = match event {
            JobEvent::Report { job, .. } => (*job, "a report"),
            JobEvent::Ended { job, .. } => (*job, "the end"),
            JobEvent::Late { job, .. } => (*job, "a late end"),
            JobEvent::Located { job, .. } => (*job, "an address"),
            JobEvent::Paused { .. } | JobEvent::Resumed | JobEvent::Warning { .. } => return,
        };
        let known = self.ended.get(&job).copied();
        self.check(KNOWN, known.is_some(), || format!("{what} of {job}, which was never started"));
        let is_late = matches!(event, JobEvent::Late { .. });
        let in_turn = known.is_none() || known == Some(is_late);
        self.check(ONCE, in_turn, || {
            let state = if is_late { "had not ended" } else { "had ended" };
            format!("{what} of {job}, which {state}")
        });
        // Whoever tells of other jobs will hardly tell of this one.
        self.is_over |= known.is_none();
        if matches!(event, JobEvent::Ended { .. }) && known.is_some() {
            self.ended.insert(job, true);
        }
    }

    /// Waits until everything has ended, and a little longer for what should not come.
    fn finish(&mut self) {
        let (mut running, mut since, mut waits) = (self.running(), self.time, 0);
        while waits < MOST_WAITS {
            if running == 0 || self.is_over || self.time.saturating_sub(since) > PATIENCE {
                break;
            }
            self.wait(WAIT);
            waits += 1;
            if self.running() < running {
                (running, since, waits) = (self.running(), self.time, 0);
            }
        }
        let silent = self.time.saturating_sub(since);
        let open: Vec<JobId> =
            self.ended.iter().filter(|(_, ended)| !**ended).map(|(job, _)| *job).collect();
        let is_over = self.is_over;
        self.check(ENDS, open.is_empty() || is_over, || {
            let (first, count) = (open[0], open.len());
            format!(
                "no end of {count} jobs for {silent:?} and {waits} waits, the first being {first}"
            )
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
    if let Some(again) = again {
        session.check(ADOPTED, again == Start::Adopted, || {
            format!("{again:?} from the second `start` of a job whose end had not been told")
        });
    }
    session.finish();
}

fn several_at_once(session: &mut Session<'_>) {
    let mut over_at_once = 0;
    for number in 1..=TOGETHER {
        let Some(job) = session.launch(number, 1) else { return };
        // A job that ran within `start` is over when that returns.
        session.wait(Duration::ZERO);
        over_at_once += u64::from(session.ended.get(&job) == Some(&true));
    }
    let starting = session.starting;
    let ran_within = over_at_once == TOGETHER && starting >= SUSPICIOUS;
    session.check(AT_ONCE, !ran_within, || {
        format!(
            "to start {TOGETHER} jobs took {starting:?}, and each had ended when `start` returned: \
             they ran within it"
        )
    });
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
    session.check(STOPPED, stopped.is_ok(), || format!("an error for {job}: {stopped:?}"));
    session.check(AT_ONCE, took < AT_MOST, || format!("`stop` took {took:?}"));
}

fn check_tuning<E: Evaluator>(
    make: &mut impl FnMut() -> E,
    space: &SearchSpace,
    findings: &mut Findings,
) {
    let settings = StudySettings { limits: ResourceLimits::new(8, 3), ..StudySettings::default() };
    let objective = Objective::minimize("metric");
    let run = || -> Result<String, Error> {
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings)?;
        let mut evaluator = make();
        let since = evaluator.elapsed();
        let mut impatient = Impatient { evaluator: &mut evaluator, since, credit: 20, waits: 0 };
        let tuned = tune(&mut study, &mut impatient)?;
        let open = study.pending().count();
        Ok(match (open, tuned.disregarded.as_slice()) {
            (0, []) => String::new(),
            (0, [first, ..]) => format!("{first:?}, though no such job ran"),
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
    /// When a job ended last, or room was promised for.
    since: Duration,
    /// How often that promise is believed.
    credit: u32,
    /// Waits since a job ended.
    waits: usize,
}

impl Evaluator for Impatient<'_> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let start = self.evaluator.start(job)?;
        if let (Start::Busy { retry_after }, 1..) = (start, self.credit) {
            self.credit -= 1;
            self.since = self.since.max(self.elapsed() + retry_after.min(LONGEST_WAIT));
        }
        Ok(start)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events = self.evaluator.wait(timeout.min(WAIT))?;
        let now = self.elapsed();
        let waited = now.saturating_sub(self.since);
        self.waits += 1;
        if events.iter().any(|event| matches!(event, JobEvent::Ended { .. })) {
            (self.since, self.waits) = (now, 0);
        } else if waited >= PATIENCE || self.waits >= MOST_WAITS {
            let text = format!("no job has ended for {waited:?} and {} waits", self.waits);
            return Err(EvaluatorError::new(text));
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.evaluator.stop(job)
    }

    fn loses_jobs(&self) -> bool {
        self.evaluator.loses_jobs()
    }

    fn hold_back(&mut self, is_held_back: bool) {
        self.evaluator.hold_back(is_held_back);
    }

    fn note(&mut self) -> Option<Value> {
        self.evaluator.note()
    }

    fn elapsed(&self) -> Duration {
        self.evaluator.elapsed()
    }
}
