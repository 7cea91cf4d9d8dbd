//! What every strategy promises.

use super::findings::{Breaches, Findings, Promise, guarded};
use crate::cube::{self, Axis, Levels, UnitPoint};
use crate::rng::Rng;
use crate::strategy::{
    FailedPoint, History, Infeasibility, Observation, Outlook, Pending, Proposal, Repetitions,
    Strategy, Visited,
};
use crate::trial::TrialId;

const SOUND: Promise = Promise {
    what: "it proposes, without an error or a panic, whatever the history",
    remedy: "fall back on `Visited::unvisited`, and say so in `Proposal::fallback`; mind empty lists, infinite spaces and `max_jobs: None`",
};
const INSIDE: Promise = Promise {
    what: "a point has one coordinate per axis, each from 0 to 1",
    remedy: "pass what you compute through `cube::snap(history.axes, …)`, which moves it inside too",
};
const SNAPPED: Promise = Promise {
    what: "a point is snapped: its coordinates are those that represent what they mean",
    remedy: "pass the point through `cube::snap(history.axes, …)` before you look whether it is taken",
};
const NEW: Promise = Promise {
    what: "what has been asked or told is never proposed",
    remedy: "ask `Visited::of(history).contains(…)` before you propose",
};
const EXHAUSTED: Promise = Promise {
    what: "there is a proposal as long as a place is left, and none when none is",
    remedy: "end with `Visited::of(history).unvisited(rng)`, which gives a place as long as there is one",
};
const PURE: Promise = Promise {
    what: "the same history and the same random numbers give the same proposal",
    remedy: "take random numbers from the given generator alone, and keep no state that shows",
};
const COLD: Promise = Promise {
    what: "a strategy that was just made proposes what one with a past does",
    remedy: "a cache may make a strategy faster, never different: key it by all that the result depends on, or drop it",
};
const THREADS: Promise = Promise {
    what: "the number of threads changes nothing",
    remedy: "reduce in the order of indices, in batches whose size does not depend on the number of threads",
};
const EXPECTATION: Promise = Promise {
    what: "what is expected is no NaN, and its low, median and high are in order",
    remedy: "leave `expectation` empty where the model has none",
};

const OUTLOOK: Promise = Promise {
    what: "a trial that is recommended was observed, and is the same whoever is asked",
    remedy: "recommend a `trial` of `history.observations`, by what these say alone, and nothing as long as there are none",
};

/// Checks what every [`Strategy`] promises, on new ones from `make`, in spaces and histories that a search can meet: empty,
/// finite, constant, mixed and of many dimensions; with trials that pend, fail, repeat, or have losses that are hard to
/// believe in.
///
/// ```
/// surmise::conformance::check_strategy(surmise::BayesianOptimization::default).unwrap();
/// ```
///
/// # Errors
/// [`Breaches`] lists every promise that was not kept, with the first place where.
pub fn check_strategy<S: Strategy + 'static>(make: impl Fn() -> S) -> Result<(), Breaches> {
    let make: &dyn Fn() -> Box<dyn Strategy> = &|| Box::new(make());
    let mut findings = Findings::default();
    let made = guarded(|| {
        // With a past in all situations before.
        let experienced = make();
        for situation in situations() {
            Search::new(&situation, make, experienced.as_ref()).run(&mut findings);
        }
    });
    if let Err(message) = made {
        findings.check(SOUND, false, || format!("making one: the panic \"{message}\""));
    }
    findings.into_result()
}

/// What becomes of a trial.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Loss(f64),
    Failure,
    /// Not told before the search ends.
    Never,
}

/// One search to be watched.
struct Situation {
    name: &'static str,
    axes: Vec<Axis>,
    /// Trials that pend at once.
    batch: usize,
    /// Whether one is told as soon as that many pend; else all of them, in reverse.
    is_refilled: bool,
    max_jobs: Option<usize>,
    /// Trials in all; an exhausted space ends earlier.
    trials: u64,
    /// By the trial's number and point.
    fate: fn(u64, &[f64]) -> Fate,
    /// Told from outside before the first proposal.
    known: Vec<Observation>,
}

const CONTINUOUS: Axis = Axis::Continuous { resolution: 1e-7 };

fn mixed() -> Vec<Axis> {
    vec![
        CONTINUOUS,
        Axis::Levels(Levels::even(9)),
        Axis::Levels(Levels::logarithmic(1, 1000)),
        Axis::Categories(3),
        Axis::Categories(1),
        CONTINUOUS,
    ]
}

fn finite() -> Vec<Axis> {
    vec![
        Axis::Levels(Levels::even(4)),
        Axis::Categories(3),
        Axis::Levels(Levels::logarithmic(2, 2)),
    ]
}

fn bowl(point: &[f64]) -> f64 {
    point.iter().map(|u| (u - 0.3).powi(2)).sum()
}

fn situations() -> Vec<Situation> {
    let situation = |name, axes, batch, trials, fate| Situation {
        name,
        axes,
        batch,
        is_refilled: false,
        max_jobs: Some(40),
        trials,
        fate,
        known: Vec::new(),
    };
    let copies = (1..=12).map(|trial| {
        let loss = if trial % 2 == 0 { 1.0 } else { -1.0 };
        Observation::new(TrialId(trial), vec![0.5, 0.25].into(), loss)
    });
    vec![
        situation("a mixed space, one at a time", mixed(), 1, 22, |_, p| Fate::Loss(bowl(p))),
        situation("a mixed space, four at a time, a third failing", mixed(), 4, 24, |n, p| {
            if n % 3 == 0 { Fate::Failure } else { Fate::Loss(bowl(p)) }
        }),
        Situation {
            is_refilled: true,
            max_jobs: None,
            ..situation(
                "a mixed space, three at a time, refilled one by one",
                mixed(),
                3,
                20,
                |_, p| Fate::Loss(-bowl(p)),
            )
        },
        situation("a mixed space of which nothing is told", mixed(), 1, 12, |_, _| Fate::Never),
        situation("a mixed space where all fails", mixed(), 1, 14, |_, _| Fate::Failure),
        situation("losses that are all the same", mixed(), 1, 14, |_, _| Fate::Loss(-7.5)),
        situation("losses of any size and sign", vec![CONTINUOUS; 2], 1, 16, |n, p| {
            let sizes = [1.0, -1e300, 1e300, 1e-300, -1.0, f64::MAX, f64::MIN, 0.0];
            Fate::Loss(sizes[usize::try_from(n % 8).unwrap_or(0)] * p[0])
        }),
        situation("a finite space, to its end", finite(), 1, 30, |_, p| Fate::Loss(bowl(p))),
        situation("a finite space, five at a time, all failing", finite(), 5, 30, |_, _| {
            Fate::Failure
        }),
        situation("a space of one point", vec![Axis::Categories(1); 2], 1, 3, |_, _| {
            Fate::Loss(1.0)
        }),
        situation("forty dimensions", vec![CONTINUOUS; 40], 3, 15, |_, p| Fate::Loss(bowl(p))),
        Situation {
            known: copies.collect(),
            ..situation(
                "one place observed twelve times",
                vec![CONTINUOUS, Axis::Categories(2)],
                1,
                6,
                |_, p| Fate::Loss(bowl(p)),
            )
        },
    ]
}

/// A search on its way.
struct Search<'a> {
    situation: &'a Situation,
    make: &'a dyn Fn() -> Box<dyn Strategy>,
    strategy: &'a dyn Strategy,
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
    next_trial: u64,
}

impl<'a> Search<'a> {
    fn new(
        situation: &'a Situation,
        make: &'a dyn Fn() -> Box<dyn Strategy>,
        strategy: &'a dyn Strategy,
    ) -> Self {
        Self {
            situation,
            make,
            strategy,
            observations: situation.known.clone(),
            pending: Vec::new(),
            failures: Vec::new(),
            next_trial: situation.known.len() as u64 + 1,
        }
    }

    fn history(&self) -> History<'_> {
        History {
            axes: &self.situation.axes,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            next_trial: TrialId(self.next_trial),
            max_jobs: self.situation.max_jobs,
            max_parallel_jobs: self.situation.batch,
            repetitions: Repetitions::Never,
            index: None,
        }
    }

    /// Asks and tells until it is over, or a proposal is of no use.
    fn run(mut self, findings: &mut Findings) {
        let last = self.situation.known.len() as u64 + self.situation.trials;
        let mut running = Vec::new();
        while self.next_trial <= last {
            if running.len() < self.situation.batch {
                let Some(point) = self.step(findings) else { return };
                running.push(self.next_trial);
                self.pending.push(Pending { trial: TrialId(self.next_trial), point });
                self.next_trial += 1;
            } else if self.situation.is_refilled {
                self.tell(running.remove(running.len() / 2));
            } else {
                running.drain(..).rev().for_each(|trial| self.tell(trial));
            }
        }
    }

    /// One proposal, checked; `None` ends the search.
    fn step(&self, findings: &mut Findings) -> Option<UnitPoint> {
        let here = format!("{}, trial {}", self.situation.name, self.next_trial);
        let proposed = match propose(self.strategy, &self.history()) {
            Ok(proposed) => proposed,
            Err(trouble) => {
                findings.check(SOUND, false, || format!("in {here}: {trouble}"));
                return None;
            }
        };
        self.check_repeatable(&proposed, &here, findings);
        self.check_outlook(&here, findings);
        let is_full = Visited::of(&self.history()).is_everything();
        findings.check(EXHAUSTED, proposed.is_none() == is_full, || match &proposed {
            None => format!("in {here}: none, though places are left"),
            Some(_) => format!("in {here}: a proposal, though every place is taken"),
        });
        let proposal = proposed?;
        self.check_proposal(&proposal, &here, findings).then_some(proposal.point)
    }

    /// Whether the proposal's point can be tried.
    fn check_proposal(&self, proposal: &Proposal, here: &str, findings: &mut Findings) -> bool {
        let (axes, point) = (&self.situation.axes, &proposal.point);
        let inside = point.len() == axes.len() && point.iter().all(|u| (0.0..=1.0).contains(u));
        findings.check(INSIDE, inside, || {
            format!("in {here}: {:?} on {} axes", &point[..], axes.len())
        });
        if !inside {
            return false;
        }
        let snapped = cube::snap(axes, point);
        let moved = (0..axes.len()).find(|&axis| snapped[axis].to_bits() != point[axis].to_bits());
        if let Some(axis) = moved {
            findings.check(SNAPPED, false, || {
                let (found, wanted, kind) = (point[axis], snapped[axis], axes[axis]);
                format!("in {here}: {found} instead of {wanted} on axis {axis}, {kind:?}")
            });
        }
        let is_new = !Visited::of(&self.history()).contains(point);
        findings.check(NEW, is_new, || format!("in {here}: {:?} again", &point[..]));
        if let Some(expected) = proposal.expectation {
            // A NaN is in no order.
            let ordered = expected.low <= expected.median && expected.median <= expected.high;
            findings.check(EXPECTATION, ordered && !expected.acquisition.is_nan(), || {
                format!("in {here}: {expected:?}")
            });
        }
        is_new
    }

    /// Asks again: the same strategy, a new one, and on another number of threads.
    fn check_repeatable(&self, proposed: &Option<Proposal>, here: &str, findings: &mut Findings) {
        let mut compare = |promise, again: Result<Option<Proposal>, String>| match again {
            Err(trouble) => findings
                .check(promise, false, || format!("in {here}: first a proposal, then {trouble}")),
            // As text, because NaN equals nothing.
            Ok(again) => {
                findings.check(promise, format!("{proposed:?}") == format!("{again:?}"), || {
                    format!("in {here}: {}", difference(proposed.as_ref(), again.as_ref()))
                });
            }
        };
        compare(PURE, propose(self.strategy, &self.history()));
        if self.next_trial.is_multiple_of(3) {
            let history = self.history();
            compare(COLD, propose((self.make)().as_ref(), &history));
            for threads in [1, 3] {
                let strategy = (self.make)();
                if let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                    compare(THREADS, pool.install(|| propose(strategy.as_ref(), &history)));
                }
            }
        }
    }

    /// What is recommended, by this strategy and by a new one.
    fn check_outlook(&self, here: &str, findings: &mut Findings) {
        let history = self.history();
        let answer = |strategy: &dyn Strategy| match guarded(|| strategy.outlook(&history)) {
            Ok(outlook) => outlook.map_err(|error| format!("the error \"{error}\"")),
            Err(message) => Err(format!("the panic \"{message}\"")),
        };
        let outlook = answer(self.strategy);
        if let Err(trouble) = &outlook {
            findings.check(SOUND, false, || format!("in {here}, asked for its outlook: {trouble}"));
        }
        if let Ok(Some(Outlook { recommended, .. })) = &outlook {
            let is_observed = self.observations.iter().any(|o| o.trial == *recommended);
            findings.check(OUTLOOK, is_observed, || {
                format!("in {here}: trial {recommended}, which has no loss")
            });
        }
        if self.next_trial.is_multiple_of(3) {
            let again = answer((self.make)().as_ref());
            findings.check(OUTLOOK, format!("{outlook:?}") == format!("{again:?}"), || {
                format!("in {here}: {outlook:?}, a new one says {again:?}")
            });
        }
    }

    fn tell(&mut self, trial: u64) {
        let id = TrialId(trial);
        let Some(index) = self.pending.iter().position(|pending| pending.trial == id) else {
            return;
        };
        let point = self.pending[index].point.clone();
        match (self.situation.fate)(trial, &point) {
            Fate::Never => return,
            Fate::Failure => {
                self.failures.push(FailedPoint::new(id, point, Infeasibility::Infeasible));
            }
            Fate::Loss(loss) => self.observations.push(Observation::new(id, point, loss)),
        }
        self.pending.remove(index);
        self.observations.sort_by_key(|observation| observation.trial);
        self.failures.sort_by_key(|failure| failure.trial);
    }
}

fn propose(strategy: &dyn Strategy, history: &History<'_>) -> Result<Option<Proposal>, String> {
    let mut rng = Rng::stream(1, history.next_trial.0);
    match guarded(|| strategy.propose(history, &mut rng)) {
        Ok(proposed) => proposed.map_err(|error| format!("the error \"{error}\"")),
        Err(message) => Err(format!("the panic \"{message}\"")),
    }
}

/// Two different proposals, as short as it can be said.
fn difference(first: Option<&Proposal>, again: Option<&Proposal>) -> String {
    let place = |proposal: Option<&Proposal>| match proposal {
        Some(proposal) => format!("{:?}", &proposal.point[..]),
        None => "none".to_owned(),
    };
    if place(first) == place(again) {
        format!("first {first:?}, then {again:?}")
    } else {
        format!("first {}, then {}", place(first), place(again))
    }
}
