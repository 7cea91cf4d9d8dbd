//! The check of the contract of [`Strategy`].

use super::violations::{ContractViolations, Requirement, ViolationCollector, catch_panic};
use crate::rng::Rng;
use crate::strategy::{
    FailedPoint, History, Infeasibility, Observation, Pending, Proposal, Recommendation,
    Repetitions, Strategy, Visited,
};
use crate::trial::TrialId;
use crate::unit_cube::{self, Axis, Levels, UnitPoint};

const SUCCEEDS: Requirement = Requirement {
    text: "`propose` and `recommend` succeed for every history, without an error or a panic",
    remedy: "fall back on `Visited::sample_unvisited` and set `Proposal::fallback`; expect empty \
             lists, continuous spaces and `max_jobs: None`",
};
const INSIDE: Requirement = Requirement {
    text: "a proposed point has one coordinate per axis, each from 0 to 1",
    remedy: "pass computed points through `unit_cube::snap(history.axes, …)`, which also moves \
             them into the cube",
};
const SNAPPED: Requirement = Requirement {
    text: "a proposed point is snapped: `unit_cube::snap` does not change it",
    remedy: "pass the point through `unit_cube::snap(history.axes, …)` before you check whether \
             it is visited",
};
const NEW: Requirement = Requirement {
    text: "a visited point is never proposed again",
    remedy: "check `Visited::new(history).contains(…)` before you propose a point",
};
const EXHAUSTED: Requirement = Requirement {
    text: "`propose` returns `None` if the space is exhausted, and only then",
    remedy: "end with `Visited::new(history).sample_unvisited(rng)`: it returns `None` only if \
             the space is exhausted",
};
const DETERMINISTIC: Requirement = Requirement {
    text: "the same history and the same random numbers give the same proposal",
    remedy: "take random numbers from `rng` only, and keep no state that affects proposals",
};
const STATELESS: Requirement = Requirement {
    text: "a new strategy makes the same proposals as one that has been used before",
    remedy: "a cache may make a strategy faster but must not change its proposals: use \
             everything that a result depends on as the key, or remove the cache",
};
const THREADS: Requirement = Requirement {
    text: "the number of threads does not change a proposal",
    remedy: "reduce in the order of indices, in batches whose size does not depend on the number \
             of threads",
};
const EXPECTATION: Requirement = Requirement {
    text: "`Proposal::expectation` has no NaN, and low ≤ median ≤ high",
    remedy: "leave `expectation` at `None` if there is no model",
};
const RECOMMENDATION: Requirement = Requirement {
    text: "`recommend` returns an observed trial that depends on the history only",
    remedy: "choose a `trial` of `history.observations` by the history alone, and return `None` \
             if there are no observations",
};

/// Checks the contract of [`Strategy`] with new strategies, which `create` returns.
///
/// The check simulates studies in spaces that are finite, constant, mixed or of many dimensions.
/// Trials are pending, fail or repeat, and losses are constant or extreme.
///
/// ```
/// surmise::conformance::check_strategy(surmise::BayesianOptimization::default).unwrap();
/// ```
///
/// # Errors
/// Returns [`ContractViolations`] with every requirement that is not met, and the first trial of a
/// simulated study at which it is not met.
pub fn check_strategy<S: Strategy + 'static>(
    create: impl Fn() -> S,
) -> Result<(), ContractViolations> {
    let create: &dyn Fn() -> Box<dyn Strategy> = &|| Box::new(create());
    let mut violations = ViolationCollector::default();
    let created = catch_panic(|| {
        // All studies share this strategy, so that it has been used before.
        let used = create();
        for test_case in test_cases() {
            SimulatedStudy::new(&test_case, create, used.as_ref()).run(&mut violations);
        }
    });
    if let Err(message) = created {
        violations.check(SUCCEEDS, false, || format!("creating one: the panic \"{message}\""));
    }
    violations.into_result()
}

/// The end of a simulated trial.
#[derive(Debug, Clone, Copy)]
enum SimulatedOutcome {
    Loss(f64),
    Failure,
    /// The trial stays pending.
    NeverEnds,
}

/// A study to be simulated.
struct TestCase {
    name: &'static str,
    axes: Vec<Axis>,
    /// Maximum number of pending trials.
    parallel_trials: usize,
    /// If `true`, one trial ends whenever that many are pending. Otherwise, all of them end, the
    /// last one first.
    is_asynchronous: bool,
    max_jobs: Option<usize>,
    /// Number of trials; an exhausted space ends the study earlier.
    trial_count: u64,
    /// Returns the outcome of a trial by its number and point.
    outcome: fn(u64, &[f64]) -> SimulatedOutcome,
    /// External observations that exist before the first proposal.
    external: Vec<Observation>,
}

const CONTINUOUS: Axis = Axis::Continuous { resolution: 1e-7 };

fn mixed() -> Vec<Axis> {
    vec![
        CONTINUOUS,
        Axis::Levels(Levels::evenly_spaced(9)),
        Axis::Levels(Levels::logarithmic(1, 1000)),
        Axis::Categories(3),
        Axis::Categories(1),
        CONTINUOUS,
    ]
}

fn finite() -> Vec<Axis> {
    vec![
        Axis::Levels(Levels::evenly_spaced(4)),
        Axis::Categories(3),
        Axis::Levels(Levels::logarithmic(2, 2)),
    ]
}

fn bowl(point: &[f64]) -> f64 {
    point.iter().map(|u| (u - 0.3).powi(2)).sum()
}

fn test_cases() -> Vec<TestCase> {
    use SimulatedOutcome::{Failure, Loss, NeverEnds};
    let case = |name, axes, parallel_trials, trial_count, outcome| TestCase {
        name,
        axes,
        parallel_trials,
        is_asynchronous: false,
        max_jobs: Some(40),
        trial_count,
        outcome,
        external: Vec::new(),
    };
    let copies = (1..=12).map(|trial| {
        let loss = if trial % 2 == 0 { 1.0 } else { -1.0 };
        Observation::new(TrialId(trial), vec![0.5, 0.25].into(), loss)
    });
    vec![
        case("a mixed space, one trial at a time", mixed(), 1, 22, |_, p| Loss(bowl(p))),
        case("a mixed space, four trials at a time, a third failing", mixed(), 4, 24, |n, p| {
            if n % 3 == 0 { Failure } else { Loss(bowl(p)) }
        }),
        TestCase {
            is_asynchronous: true,
            max_jobs: None,
            ..case("a mixed space, three asynchronous trials", mixed(), 3, 20, |_, p| {
                Loss(-bowl(p))
            })
        },
        case("a mixed space, all trials pending", mixed(), 1, 12, |_, _| NeverEnds),
        case("a mixed space, all trials failing", mixed(), 1, 14, |_, _| Failure),
        case("constant losses", mixed(), 1, 14, |_, _| Loss(-7.5)),
        case("losses of extreme sizes", vec![CONTINUOUS; 2], 1, 16, |n, p| {
            let sizes = [1.0, -1e300, 1e300, 1e-300, -1.0, f64::MAX, f64::MIN, 0.0];
            Loss(sizes[usize::try_from(n % 8).unwrap_or(0)] * p[0])
        }),
        case("a finite space, until it is exhausted", finite(), 1, 30, |_, p| Loss(bowl(p))),
        case("a finite space, five failing trials at a time", finite(), 5, 30, |_, _| Failure),
        case("a space of one point", vec![Axis::Categories(1); 2], 1, 3, |_, _| Loss(1.0)),
        case("forty dimensions", vec![CONTINUOUS; 40], 3, 15, |_, p| Loss(bowl(p))),
        TestCase {
            external: copies.collect(),
            ..case(
                "one point observed twelve times",
                vec![CONTINUOUS, Axis::Categories(2)],
                1,
                6,
                |_, p| Loss(bowl(p)),
            )
        },
    ]
}

/// A simulated study, whose proposals are checked.
struct SimulatedStudy<'a> {
    test_case: &'a TestCase,
    create: &'a dyn Fn() -> Box<dyn Strategy>,
    strategy: &'a dyn Strategy,
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
    next_trial: u64,
}

impl<'a> SimulatedStudy<'a> {
    fn new(
        test_case: &'a TestCase,
        create: &'a dyn Fn() -> Box<dyn Strategy>,
        strategy: &'a dyn Strategy,
    ) -> Self {
        Self {
            test_case,
            create,
            strategy,
            observations: test_case.external.clone(),
            pending: Vec::new(),
            failures: Vec::new(),
            next_trial: test_case.external.len() as u64 + 1,
        }
    }

    fn history(&self) -> History<'_> {
        History {
            axes: &self.test_case.axes,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            next_trial: TrialId(self.next_trial),
            max_jobs: self.test_case.max_jobs,
            max_parallel_jobs: self.test_case.parallel_trials,
            repetitions: Repetitions::Never,
            index: None,
        }
    }

    /// Starts and ends trials until the study ends, or until a proposal cannot be tried.
    fn run(mut self, violations: &mut ViolationCollector) {
        let last = self.test_case.external.len() as u64 + self.test_case.trial_count;
        let mut running = Vec::new();
        while self.next_trial <= last {
            if running.len() < self.test_case.parallel_trials {
                let Some(point) = self.propose_and_check(violations) else { return };
                running.push(self.next_trial);
                self.pending.push(Pending { trial: TrialId(self.next_trial), point });
                self.next_trial += 1;
            } else if self.test_case.is_asynchronous {
                self.end_trial(running.remove(running.len() / 2));
            } else {
                running.drain(..).rev().for_each(|trial| self.end_trial(trial));
            }
        }
    }

    /// Makes one proposal and checks it; returns its point, or `None` to end the study.
    fn propose_and_check(&self, violations: &mut ViolationCollector) -> Option<UnitPoint> {
        let location = format!("in {}, trial {}", self.test_case.name, self.next_trial);
        let proposed = match propose(self.strategy, &self.history()) {
            Ok(proposed) => proposed,
            Err(failure) => {
                violations.check(SUCCEEDS, false, || format!("{location}: {failure}"));
                return None;
            }
        };
        self.check_determinism(&proposed, &location, violations);
        self.check_recommendation(&location, violations);
        let is_exhausted = Visited::new(&self.history()).is_exhausted();
        violations.check(EXHAUSTED, proposed.is_none() == is_exhausted, || match &proposed {
            None => format!("{location}: no proposal, though unvisited points are left"),
            Some(_) => format!("{location}: a proposal, though the space is exhausted"),
        });
        let proposal = proposed?;
        self.check_proposal(&proposal, &location, violations).then_some(proposal.point)
    }

    /// Checks a proposal; returns whether its point can be tried.
    fn check_proposal(
        &self,
        proposal: &Proposal,
        location: &str,
        violations: &mut ViolationCollector,
    ) -> bool {
        let (axes, point) = (&self.test_case.axes, &proposal.point);
        let is_inside = point.len() == axes.len() && point.iter().all(|u| (0.0..=1.0).contains(u));
        violations.check(INSIDE, is_inside, || {
            format!("{location}: {:?} on {} axes", &point[..], axes.len())
        });
        if !is_inside {
            return false;
        }
        let snapped = unit_cube::snap(axes, point);
        let moved = (0..axes.len()).find(|&axis| snapped[axis].to_bits() != point[axis].to_bits());
        if let Some(axis) = moved {
            violations.check(SNAPPED, false, || {
                let (found, expected, kind) = (point[axis], snapped[axis], axes[axis]);
                format!("{location}: {found} instead of {expected} on axis {axis}, {kind:?}")
            });
        }
        let is_new = !Visited::new(&self.history()).contains(point);
        violations.check(NEW, is_new, || format!("{location}: {:?} again", &point[..]));
        if let Some(expectation) = proposal.expectation {
            // Comparisons with NaN are false.
            let is_ordered = expectation.low <= expectation.median
                && expectation.median <= expectation.high
                && !expectation.acquisition.is_nan();
            violations.check(EXPECTATION, is_ordered, || format!("{location}: {expectation:?}"));
        }
        is_new
    }

    /// Repeats the proposal by the same strategy, by a new one, and with other numbers of threads.
    fn check_determinism(
        &self,
        proposed: &Option<Proposal>,
        location: &str,
        violations: &mut ViolationCollector,
    ) {
        let mut compare = |requirement, again: Result<Option<Proposal>, String>| match again {
            Err(failure) => violations.check(requirement, false, || {
                format!("{location}: first a proposal, then {failure}")
            }),
            // The text is compared, because NaN does not equal NaN.
            Ok(again) => {
                let is_equal = format!("{proposed:?}") == format!("{again:?}");
                violations.check(requirement, is_equal, || {
                    format!("{location}: {}", difference(proposed.as_ref(), again.as_ref()))
                });
            }
        };
        compare(DETERMINISTIC, propose(self.strategy, &self.history()));
        if self.next_trial.is_multiple_of(3) {
            let history = self.history();
            compare(STATELESS, propose((self.create)().as_ref(), &history));
            for threads in [1, 3] {
                let strategy = (self.create)();
                if let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                    compare(THREADS, pool.install(|| propose(strategy.as_ref(), &history)));
                }
            }
        }
    }

    /// Checks the recommendation, and compares it with that of a new strategy.
    fn check_recommendation(&self, location: &str, violations: &mut ViolationCollector) {
        let history = self.history();
        let recommend = |strategy: &dyn Strategy| match catch_panic(|| strategy.recommend(&history))
        {
            Ok(result) => result.map_err(|error| format!("the error \"{error}\"")),
            Err(message) => Err(format!("the panic \"{message}\"")),
        };
        let recommended = recommend(self.strategy);
        if let Err(failure) = &recommended {
            violations.check(SUCCEEDS, false, || format!("{location}, `recommend`: {failure}"));
        }
        if let Ok(Some(Recommendation { trial, .. })) = &recommended {
            let is_observed = self.observations.iter().any(|o| o.trial == *trial);
            violations.check(RECOMMENDATION, is_observed, || {
                format!("{location}: trial {trial}, which has no loss")
            });
        }
        if self.next_trial.is_multiple_of(3) {
            let by_new_strategy = recommend((self.create)().as_ref());
            let is_equal = format!("{recommended:?}") == format!("{by_new_strategy:?}");
            violations.check(RECOMMENDATION, is_equal, || {
                format!("{location}: {recommended:?}, but {by_new_strategy:?} from a new strategy")
            });
        }
    }

    fn end_trial(&mut self, trial: u64) {
        let id = TrialId(trial);
        let Some(index) = self.pending.iter().position(|pending| pending.trial == id) else {
            return;
        };
        let point = self.pending[index].point.clone();
        match (self.test_case.outcome)(trial, &point) {
            SimulatedOutcome::NeverEnds => return,
            SimulatedOutcome::Failure => {
                self.failures.push(FailedPoint::new(id, point, Infeasibility::Infeasible));
            }
            SimulatedOutcome::Loss(loss) => {
                self.observations.push(Observation::new(id, point, loss));
            }
        }
        self.pending.remove(index);
        self.observations.sort_by_key(|observation| observation.trial);
        self.failures.sort_by_key(|failure| failure.trial);
    }
}

fn propose(strategy: &dyn Strategy, history: &History<'_>) -> Result<Option<Proposal>, String> {
    let mut rng = Rng::stream(1, history.next_trial.0);
    match catch_panic(|| strategy.propose(history, &mut rng)) {
        Ok(proposed) => proposed.map_err(|error| format!("the error \"{error}\"")),
        Err(message) => Err(format!("the panic \"{message}\"")),
    }
}

/// Describes how two proposals differ: by their points only, if these differ.
fn difference(first: Option<&Proposal>, again: Option<&Proposal>) -> String {
    let describe_point = |proposal: Option<&Proposal>| match proposal {
        Some(proposal) => format!("{:?}", &proposal.point[..]),
        None => "none".to_owned(),
    };
    if describe_point(first) == describe_point(again) {
        format!("first {first:?}, then {again:?}")
    } else {
        format!("first {}, then {}", describe_point(first), describe_point(again))
    }
}
