//! The kits: every implementation of ours passes, and each way to break a promise is found and named.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use surmise::acquisition::{LogProbabilityOfImprovement, UpperConfidenceBound, Worth};
use surmise::conformance::{Breaches, check_acquisition, check_evaluator, check_strategy};
use surmise::cube;
use surmise::evaluator::{Job, JobEvent, JobId, Start};
use surmise::rng::Rng;
use surmise::strategy::{
    History, Outlook, PendingBelief, Phase, Proposal, Recipe, Visited, WhenSettled,
};
use surmise::strategy::{Kernel, Noise, Uncertainty};
use surmise::{
    Acquisition, BayesianOptimization, Configuration, Error, Evaluator, EvaluatorError,
    FunctionEvaluator, LogExpectedImprovement, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, SobolSearch, Strategy, TrialId,
};

#[test]
fn our_strategies_keep_their_promises() {
    check_strategy(RandomSearch::default).unwrap();
    check_strategy(SobolSearch::default).unwrap();
    check_strategy(BayesianOptimization::default).unwrap();
    check_strategy(|| Box::new(RandomSearch) as Box<dyn Strategy>).unwrap();
    check_strategy(BayesianOptimization::thompson_sampling).unwrap();
}

/// Whatever it is made of.
#[test]
fn exchanged_parts_keep_the_promises() {
    let recipes = [
        Recipe::default()
            .with_noise(Noise::Absent)
            .with_kernel(Kernel::SquaredExponential)
            .with_uncertainty(Uncertainty::Laplace { draws: 3 })
            .with_input_warping(true),
        Recipe::default()
            .with_noise(Noise::Present)
            .with_kernel(Kernel::Matern32)
            .with_pending(PendingBelief::Fantasies)
            .when_settled(WhenSettled::Polish),
    ];
    for recipe in recipes {
        check_strategy(move || BayesianOptimization::default().with_recipe(recipe)).unwrap();
    }
}

#[test]
fn our_acquisitions_keep_their_promises() {
    check_acquisition(&LogExpectedImprovement).unwrap();
    check_acquisition(&LogProbabilityOfImprovement).unwrap();
    check_acquisition(&UpperConfidenceBound::default()).unwrap();
}

fn space() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::categorical("c", ["a", "b"]),
    ])
    .unwrap()
}

#[test]
fn our_evaluators_keep_their_promises() {
    let evaluator = || {
        FunctionEvaluator::new(|c: &Configuration| {
            std::thread::sleep(Duration::from_millis(3));
            let x = c.float("x");
            assert!(x > 0.1, "a tenth of the jobs panic");
            if x > 0.9 { Err("and a tenth fail") } else { Ok(x) }
        })
    };
    check_evaluator(evaluator, &space()).unwrap();
}

/// The breaches name this promise.
#[track_caller]
fn assert_breaks(result: Result<(), Breaches>, name: &str, promise: &str) {
    let breaches = match result {
        Ok(()) => panic!("{name} passes"),
        Err(breaches) => breaches,
    };
    let text = breaches.to_string();
    assert!(breaches.0.iter().any(|breach| breach.promise.contains(promise)), "{name}: {text}");
    for part in ["Promised: ", "Found: ", "Remedy: "] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(format!("{breaches:?}"), text, "what `unwrap` shows is for people");
}

/// Random search with one fault.
#[derive(Debug)]
struct FaultyStrategy {
    fault: StrategyFault,
    calls: AtomicU64,
    cache: Mutex<HashMap<(surmise::TrialId, usize), Proposal>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum StrategyFault {
    Repeats,
    Unsnapped,
    Outside,
    TooShort,
    Remembers,
    /// Keeps its proposals by the number of trials, whatever these are.
    CachesByCount,
    CountsCalls,
    CountsThreads,
    GivesUp,
    NeverGivesUp,
    Panics,
    GivesErrors,
    ExpectsNothing,
    RecommendsTheNext,
    RecommendsByCalls,
    PanicsAtOutlooks,
}

impl Strategy for FaultyStrategy {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        use StrategyFault as F;
        let calls = self.calls.fetch_add(1, Ordering::SeqCst);
        let count = (history.next_trial, history.axes.len());
        if self.fault == F::CachesByCount
            && let Some(proposal) = self.cache.lock().unwrap().get(&count)
        {
            return Ok(Some(proposal.clone()));
        }
        let visited = Visited::of(history);
        let is_late = history.next_trial > TrialId(7);
        match self.fault {
            F::Repeats if is_late => {
                let old = history.observations.first().map(|o| o.point.clone());
                if let Some(point) = old {
                    return Ok(Some(Proposal::new(point, Phase::Random)));
                }
            }
            F::GivesUp if is_late => return Ok(None),
            F::Panics if is_late => panic!("index out of bounds"),
            F::GivesErrors if is_late => return Err(Error::UnknownTrial(TrialId(0))),
            // Later calls on the same strategy draw from elsewhere.
            F::Remembers if is_late && calls > 9 => *rng = Rng::stream(77, history.next_trial.0),
            F::CountsCalls => *rng = Rng::stream(calls, history.next_trial.0),
            F::CountsThreads if rayon::current_num_threads() == 3 => {
                rng.uniform();
            }
            _ => {}
        }
        let Some(mut point) = visited.unvisited(rng) else {
            let everywhere = vec![0.5; history.axes.len()];
            let again =
                (self.fault == F::NeverGivesUp).then(|| cube::snap(history.axes, &everywhere));
            return Ok(again.map(|point| Proposal::new(point, Phase::Random)));
        };
        match self.fault {
            F::Unsnapped => point = point.iter().map(|u| 0.9 * u).collect::<Vec<_>>().into(),
            F::Outside => point = point.iter().map(|u| u + 0.7).collect::<Vec<_>>().into(),
            F::TooShort => point = point[1..].to_vec().into(),
            _ => {}
        }
        let mut proposal = Proposal::new(point, Phase::Random);
        if self.fault == F::ExpectsNothing && is_late {
            let mut twin = BayesianOptimization::default().propose(history, rng)?;
            if let Some(expectation) = twin.as_mut().and_then(|twin| twin.expectation.as_mut()) {
                expectation.median = f64::NAN;
            }
            proposal.expectation = twin.and_then(|twin| twin.expectation);
        }
        self.cache.lock().unwrap().insert(count, proposal.clone());
        Ok(Some(proposal))
    }

    fn outlook(&self, history: &History<'_>) -> Result<Option<Outlook>, Error> {
        use StrategyFault as F;
        let calls = usize::try_from(self.calls.load(Ordering::SeqCst)).unwrap();
        let observed = history.observations;
        Ok(match self.fault {
            F::RecommendsTheNext => Some(Outlook::new(history.next_trial)),
            F::RecommendsByCalls if !observed.is_empty() => {
                Some(Outlook::new(observed[calls % observed.len()].trial))
            }
            F::PanicsAtOutlooks => panic!("no outlook"),
            _ => None,
        })
    }
}

#[test]
fn every_fault_of_a_strategy_is_found() {
    use StrategyFault as F;
    for (fault, promise) in [
        (F::Repeats, "never proposed"),
        (F::Unsnapped, "snapped"),
        (F::Outside, "from 0 to 1"),
        (F::TooShort, "one coordinate per axis"),
        (F::CachesByCount, "just made"),
        (F::CountsCalls, "the same history"),
        (F::Remembers, "just made"),
        (F::CountsThreads, "threads"),
        (F::GivesUp, "as long as a place is left"),
        (F::NeverGivesUp, "none when none is"),
        (F::Panics, "without an error or a panic"),
        (F::GivesErrors, "without an error or a panic"),
        (F::ExpectsNothing, "no NaN"),
        (F::RecommendsTheNext, "recommended was observed"),
        (F::RecommendsByCalls, "the same whoever is asked"),
        (F::PanicsAtOutlooks, "without an error or a panic"),
    ] {
        let faulty = || FaultyStrategy { fault, calls: AtomicU64::new(0), cache: Mutex::default() };
        assert_breaks(check_strategy(faulty), &format!("{fault:?}"), promise);
    }
}

/// Improvement as it is usually written, with one fault.
#[derive(Debug)]
struct FaultyAcquisition(AcquisitionFault, Mutex<u32>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum AcquisitionFault {
    WrongSlopeByMean,
    NoSlopeByDeviation,
    WrongWay,
    Underflows,
    Forgets,
    InfiniteSlope,
}

impl Acquisition for FaultyAcquisition {
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
        use AcquisitionFault as F;
        let mut worth = LogExpectedImprovement.worth(mean, deviation, incumbent);
        match self.0 {
            F::WrongSlopeByMean => worth.slope_mean *= 1.05,
            F::NoSlopeByDeviation => worth.slope_deviation = 0.0,
            F::WrongWay => {
                worth = LogExpectedImprovement.worth(-mean, deviation, -incumbent);
                worth.slope_mean = -worth.slope_mean;
            }
            F::Underflows => worth.value = worth.value.exp() / worth.value.exp(),
            F::Forgets => {
                let mut calls = self.1.lock().unwrap();
                *calls += 1;
                worth.value += f64::from(*calls);
            }
            F::InfiniteSlope => worth.slope_deviation = f64::INFINITY,
        }
        worth
    }
}

#[test]
fn every_fault_of_an_acquisition_is_found() {
    use AcquisitionFault as F;
    for (fault, promise) in [
        (F::WrongSlopeByMean, "slope by the mean"),
        (F::NoSlopeByDeviation, "slope by the deviation"),
        (F::WrongWay, "less loss"),
        (F::Underflows, "a number or minus infinity"),
        (F::Forgets, "the same mean"),
        (F::InfiniteSlope, "so are its slopes"),
    ] {
        let faulty = FaultyAcquisition(fault, Mutex::new(0));
        assert_breaks(check_acquisition(&faulty), &format!("{fault:?}"), promise);
    }
}

/// Runs nothing: every job ends at the second wait after its start. Its clock is virtual.
struct Virtual {
    fault: Option<EvaluatorFault>,
    /// Reports before each end, one per wait, and the first start is refused for that many minutes.
    reports: u32,
    refusals: u64,
    /// How many jobs it has room for, and how long a start takes.
    capacity: usize,
    start_takes: Duration,
    running: VecDeque<JobId>,
    over: Vec<JobId>,
    time: Duration,
    calls: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum EvaluatorFault {
    StartsTwice,
    Forgets,
    EndsTwice,
    ReportsAfterwards,
    InventsJobs,
    MixesAttempts,
    CannotStop,
    EndsByStopping,
    HurriesWaiting,
    Oversleeps,
    TurnsTheClockBack,
    IsAlwaysFull,
    Breaks,
    Panics,
    IsSlowToStart,
    RunsWithinStart,
    RefusesLater,
    HangsLater,
    PanicsWhenMade,
}

impl Virtual {
    fn new(fault: Option<EvaluatorFault>) -> Self {
        assert!(fault != Some(EvaluatorFault::PanicsWhenMade), "no machine");
        Self {
            fault,
            reports: 0,
            refusals: 0,
            capacity: 100,
            start_takes: Duration::ZERO,
            running: VecDeque::new(),
            over: Vec::new(),
            time: Duration::from_secs(100),
            calls: 0,
        }
    }

    fn has(&self, fault: EvaluatorFault) -> bool {
        self.fault == Some(fault)
    }
}

impl Evaluator for Virtual {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        use EvaluatorFault as F;
        if self.has(F::IsAlwaysFull) {
            return Ok(Start::Busy { retry_after: Duration::from_millis(1) });
        }
        if self.has(F::Breaks) {
            return Err(EvaluatorError::new("no credentials"));
        }
        if self.has(F::RefusesLater) && self.over.len() >= 3 {
            return Err(EvaluatorError::new("three jobs are enough"));
        }
        assert!(!self.has(F::Panics), "not today");
        if self.refusals > 0 {
            self.refusals -= 1;
            return Ok(Start::Busy { retry_after: Duration::from_secs(150) });
        }
        self.time += self.start_takes;
        if self.running.len() >= self.capacity && !self.running.contains(&job.id()) {
            return Ok(Start::Busy { retry_after: Duration::ZERO });
        }
        if self.has(F::RunsWithinStart) {
            self.time += Duration::from_millis(300);
        }
        if self.has(F::IsSlowToStart) {
            self.time += Duration::from_secs(9);
        }
        if self.running.contains(&job.id()) && !self.has(F::StartsTwice) {
            return Ok(Start::Adopted);
        }
        if !self.has(F::Forgets) {
            self.running.push_back(job.id());
        }
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        use EvaluatorFault as F;
        let ended = |job| JobEvent::Ended { job, outcome: Outcome::Completed { value: 1.0 } };
        self.calls += 1;
        if self.calls % 2 == 1 && !self.has(F::RunsWithinStart) {
            self.time += if self.has(F::HurriesWaiting) { Duration::ZERO } else { timeout };
            self.time += Duration::from_secs(if self.has(F::Oversleeps) { 7 } else { 0 });
            if self.has(F::TurnsTheClockBack) {
                self.time -= timeout + Duration::from_secs(1);
            }
            return Ok(Vec::new());
        }
        if let (true, Some(&job)) = (self.reports > 0, self.running.front()) {
            self.reports -= 1;
            return Ok(vec![JobEvent::Report { job, step: 0, value: 1.0 }]);
        }
        if self.has(F::HangsLater) && self.over.len() > 6 {
            self.time += timeout;
            return Ok(Vec::new());
        }
        let Some(mut job) = self.running.pop_front() else {
            self.time += if self.has(F::HurriesWaiting) { Duration::ZERO } else { timeout };
            let late = self.over.last().map(|&job| JobEvent::Report { job, step: 9, value: 0.0 });
            return Ok(late.filter(|_| self.has(F::ReportsAfterwards)).into_iter().collect());
        };
        self.over.push(job);
        if self.has(F::MixesAttempts) {
            job.attempt = 1;
        }
        let mut events = vec![JobEvent::Report { job, step: 1, value: 2.0 }, ended(job)];
        if self.has(F::EndsTwice) {
            events.push(ended(job));
        }
        if self.has(F::InventsJobs) {
            events.push(ended(JobId { trial: TrialId(500), attempt: 1 }));
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        use EvaluatorFault as F;
        if self.has(F::CannotStop) && !self.running.contains(&job) {
            return Err(EvaluatorError::new("no such job"));
        }
        if self.has(F::EndsByStopping) {
            self.running.retain(|running| *running != job);
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }
}

#[test]
fn every_fault_of_an_evaluator_is_found() {
    use EvaluatorFault as F;
    check_evaluator(|| Virtual::new(None), &space()).unwrap();
    // Legitimate, if unusual: hundreds of reports, and no room for the first five minutes.
    check_evaluator(|| Virtual { reports: 400, ..Virtual::new(None) }, &space()).unwrap();
    check_evaluator(|| Virtual { refusals: 2, ..Virtual::new(None) }, &space()).unwrap();
    // Or room for one job only, and a service that takes its time to take one on.
    check_evaluator(|| Virtual { capacity: 1, ..Virtual::new(None) }, &space()).unwrap();
    let service = Duration::from_millis(200);
    check_evaluator(|| Virtual { start_takes: service, ..Virtual::new(None) }, &space()).unwrap();
    for (fault, promise) in [
        (F::StartsTwice, "adopt"),
        (F::Forgets, "every started attempt ends"),
        (F::EndsTwice, "ends once"),
        (F::ReportsAfterwards, "silent afterwards"),
        (F::InventsJobs, "of started attempts only"),
        (F::MixesAttempts, "a job of its own"),
        (F::CannotStop, "to stop an attempt"),
        (F::EndsByStopping, "every started attempt ends"),
        (F::HurriesWaiting, "`wait` blocks"),
        (F::Oversleeps, "and no longer"),
        (F::TurnsTheClockBack, "never goes back"),
        (F::IsAlwaysFull, "takes a job on"),
        (F::Breaks, "gives no error"),
        (F::Panics, "does not panic"),
        (F::IsSlowToStart, "return at once"),
        (F::RunsWithinStart, "return at once"),
        (F::RefusesLater, "a tuning job on it"),
        (F::HangsLater, "a tuning job on it"),
        (F::PanicsWhenMade, "does not panic"),
    ] {
        let faulty = || Virtual::new(Some(fault));
        assert_breaks(check_evaluator(faulty, &space()), &format!("{fault:?}"), promise);
    }
}
