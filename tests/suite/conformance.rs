//! The conformance checks: every implementation of this crate passes, and each contract violation
//! is reported with its requirement.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use surmise::acquisition::{AcquisitionValue, LogProbabilityOfImprovement, UpperConfidenceBound};
use surmise::conformance::{
    ContractViolations, check_acquisition, check_evaluator, check_strategy,
};
use surmise::evaluator::{Job, JobEvent, JobId, StartOutcome};
use surmise::rng::Rng;
use surmise::strategy::{
    Exploration, History, PendingImputation, Phase, Proposal, Recipe, Recommendation, Visited,
};
use surmise::strategy::{HyperparameterInference, Kernel, Noise};
use surmise::unit_cube;
use surmise::{
    Acquisition, BayesianOptimization, Configuration, Error, Evaluator, EvaluatorError,
    FunctionEvaluator, LogExpectedImprovement, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, SobolSearch, Strategy, TrialId,
};

#[test]
fn built_in_strategies_fulfill_the_contract() {
    check_strategy(RandomSearch::default).unwrap();
    check_strategy(SobolSearch::default).unwrap();
    check_strategy(BayesianOptimization::default).unwrap();
    check_strategy(|| Box::new(RandomSearch) as Box<dyn Strategy>).unwrap();
    check_strategy(BayesianOptimization::thompson_sampling).unwrap();
}

/// The contract holds for every recipe: proposals are pure, within bounds, and not repeated.
#[test]
fn other_recipes_fulfill_the_contract() {
    let recipes = [
        Recipe::default()
            .with_noise(Noise::Absent)
            .with_kernel(Kernel::SquaredExponential)
            .with_hyperparameter_inference(HyperparameterInference::Laplace { draws: 3 })
            .with_input_warping(true),
        Recipe::default()
            .with_noise(Noise::Present)
            .with_kernel(Kernel::Matern32)
            .with_pending_imputation(PendingImputation::Fantasies)
            .with_exploration(Exploration::Never),
    ];
    for recipe in recipes {
        check_strategy(move || BayesianOptimization::default().with_recipe(recipe)).unwrap();
    }
}

#[test]
fn built_in_acquisitions_fulfill_the_contract() {
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
fn function_evaluators_fulfill_the_contract() {
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

/// Asserts that the check fails and that a violation names this requirement.
#[track_caller]
fn assert_violates(result: Result<(), ContractViolations>, name: &str, requirement: &str) {
    let violations = match result {
        Ok(()) => panic!("{name} passes"),
        Err(violations) => violations,
    };
    let text = violations.to_string();
    assert!(
        violations.0.iter().any(|violation| violation.requirement.contains(requirement)),
        "{name}: {text}"
    );
    for part in ["Requirement: ", "Found: ", "Remedy: "] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(format!("{violations:?}"), text, "`unwrap` prints the readable form");
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
    OutOfBounds,
    TooShort,
    DependsOnEarlierCalls,
    /// Caches its proposals by the number of trials only.
    CachesByCount,
    DependsOnCallCount,
    DependsOnThreadCount,
    ReturnsNoneEarly,
    NeverReturnsNone,
    Panics,
    ReturnsErrors,
    ExpectsNan,
    RecommendsUnobserved,
    RecommendationDependsOnCalls,
    PanicsInRecommend,
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
        let visited = Visited::new(history);
        let is_late = history.next_trial > TrialId(7);
        match self.fault {
            F::Repeats if is_late => {
                let first_point = history.observations.first().map(|o| o.point.clone());
                if let Some(point) = first_point {
                    return Ok(Some(Proposal::new(point, Phase::Random)));
                }
            }
            F::ReturnsNoneEarly if is_late => return Ok(None),
            F::Panics if is_late => panic!("index out of bounds"),
            F::ReturnsErrors if is_late => return Err(Error::UnknownTrial(TrialId(0))),
            // Later calls on the same strategy use another random stream.
            F::DependsOnEarlierCalls if is_late && calls > 9 => {
                *rng = Rng::stream(77, history.next_trial.0);
            }
            F::DependsOnCallCount => *rng = Rng::stream(calls, history.next_trial.0),
            F::DependsOnThreadCount if rayon::current_num_threads() == 3 => {
                rng.uniform();
            }
            _ => {}
        }
        let Some(mut point) = visited.sample_unvisited(rng) else {
            let center = vec![0.5; history.axes.len()];
            let repeated =
                (self.fault == F::NeverReturnsNone).then(|| unit_cube::snap(history.axes, &center));
            return Ok(repeated.map(|point| Proposal::new(point, Phase::Random)));
        };
        match self.fault {
            F::Unsnapped => point = point.iter().map(|u| 0.9 * u).collect::<Vec<_>>().into(),
            F::OutOfBounds => point = point.iter().map(|u| u + 0.7).collect::<Vec<_>>().into(),
            F::TooShort => point = point[1..].to_vec().into(),
            _ => {}
        }
        let mut proposal = Proposal::new(point, Phase::Random);
        if self.fault == F::ExpectsNan && is_late {
            let modeled = BayesianOptimization::default().propose(history, rng)?;
            proposal.expectation = modeled.and_then(|proposal| proposal.expectation);
            if let Some(expectation) = &mut proposal.expectation {
                expectation.median = f64::NAN;
            }
        }
        self.cache.lock().unwrap().insert(count, proposal.clone());
        Ok(Some(proposal))
    }

    fn recommend(&self, history: &History<'_>) -> Result<Option<Recommendation>, Error> {
        use StrategyFault as F;
        let calls = usize::try_from(self.calls.load(Ordering::SeqCst)).unwrap();
        let observed = history.observations;
        Ok(match self.fault {
            F::RecommendsUnobserved => Some(Recommendation::new(history.next_trial)),
            F::RecommendationDependsOnCalls if !observed.is_empty() => {
                Some(Recommendation::new(observed[calls % observed.len()].trial))
            }
            F::PanicsInRecommend => panic!("no recommendation"),
            _ => None,
        })
    }
}

#[test]
fn every_contract_violation_of_a_strategy_is_reported() {
    use StrategyFault as F;
    for (fault, requirement) in [
        (F::Repeats, "never proposed"),
        (F::Unsnapped, "snapped"),
        (F::OutOfBounds, "from 0 to 1"),
        (F::TooShort, "one coordinate per axis"),
        (F::CachesByCount, "a new strategy"),
        (F::DependsOnCallCount, "the same history"),
        (F::DependsOnEarlierCalls, "a new strategy"),
        (F::DependsOnThreadCount, "threads"),
        (F::ReturnsNoneEarly, "if the space is exhausted"),
        (F::NeverReturnsNone, "if the space is exhausted"),
        (F::Panics, "without an error or a panic"),
        (F::ReturnsErrors, "without an error or a panic"),
        (F::ExpectsNan, "no NaN"),
        (F::RecommendsUnobserved, "an observed trial"),
        (F::RecommendationDependsOnCalls, "depends on the history only"),
        (F::PanicsInRecommend, "without an error or a panic"),
    ] {
        let faulty = || FaultyStrategy { fault, calls: AtomicU64::new(0), cache: Mutex::default() };
        assert_violates(check_strategy(faulty), &format!("{fault:?}"), requirement);
    }
}

/// Expected improvement with one fault.
#[derive(Debug)]
struct FaultyAcquisition(AcquisitionFault, Mutex<u32>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum AcquisitionFault {
    WrongMeanDerivative,
    ZeroStdDevDerivative,
    PrefersLargerLosses,
    Underflows,
    DependsOnEarlierCalls,
    InfiniteDerivative,
}

impl Acquisition for FaultyAcquisition {
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
        use AcquisitionFault as F;
        let mut result = LogExpectedImprovement.evaluate(mean, std_dev, incumbent);
        match self.0 {
            F::WrongMeanDerivative => result.mean_derivative *= 1.05,
            F::ZeroStdDevDerivative => result.std_dev_derivative = 0.0,
            F::PrefersLargerLosses => {
                result = LogExpectedImprovement.evaluate(-mean, std_dev, -incumbent);
                result.mean_derivative = -result.mean_derivative;
            }
            F::Underflows => result.value = result.value.exp() / result.value.exp(),
            F::DependsOnEarlierCalls => {
                let mut calls = self.1.lock().unwrap();
                *calls += 1;
                result.value += f64::from(*calls);
            }
            F::InfiniteDerivative => result.std_dev_derivative = f64::INFINITY,
        }
        result
    }
}

#[test]
fn every_contract_violation_of_an_acquisition_is_reported() {
    use AcquisitionFault as F;
    for (fault, requirement) in [
        (F::WrongMeanDerivative, "`mean_derivative` is"),
        (F::ZeroStdDevDerivative, "`std_dev_derivative` is"),
        (F::PrefersLargerLosses, "a lower mean"),
        (F::Underflows, "a number or minus infinity"),
        (F::DependsOnEarlierCalls, "the same mean"),
        (F::InfiniteDerivative, "so are its derivatives"),
    ] {
        let faulty = FaultyAcquisition(fault, Mutex::new(0));
        assert_violates(check_acquisition(&faulty), &format!("{fault:?}"), requirement);
    }
}

/// Runs nothing, on a virtual clock: every second wait ends the oldest job.
struct VirtualEvaluator {
    fault: Option<EvaluatorFault>,
    /// The number of reports before the first job ends, one at every second wait.
    reports: u32,
    /// The number of starts that are refused as busy, each for 150 seconds.
    refusals: u64,
    /// The maximum number of jobs that run at the same time.
    capacity: usize,
    start_duration: Duration,
    running: VecDeque<JobId>,
    ended_jobs: Vec<JobId>,
    time: Duration,
    waits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum EvaluatorFault {
    StartsTwice,
    LosesJobs,
    EndsTwice,
    ReportsAfterEnd,
    EndsUnknownJobs,
    MixesAttempts,
    RefusesToStopEndedJobs,
    LosesStoppedJobs,
    ReturnsFromWaitEarly,
    WaitsTooLong,
    TurnsClockBack,
    IsAlwaysBusy,
    FailsToStart,
    Panics,
    IsSlowToStart,
    RunsJobsWithinStart,
    FailsAfterThreeJobs,
    HangsAfterSevenJobs,
    PanicsInConstructor,
}

impl VirtualEvaluator {
    fn new(fault: Option<EvaluatorFault>) -> Self {
        assert!(fault != Some(EvaluatorFault::PanicsInConstructor), "the constructor panics");
        Self {
            fault,
            reports: 0,
            refusals: 0,
            capacity: 100,
            start_duration: Duration::ZERO,
            running: VecDeque::new(),
            ended_jobs: Vec::new(),
            time: Duration::from_secs(100),
            waits: 0,
        }
    }

    fn has_fault(&self, fault: EvaluatorFault) -> bool {
        self.fault == Some(fault)
    }
}

impl Evaluator for VirtualEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        use EvaluatorFault as F;
        if self.has_fault(F::IsAlwaysBusy) {
            return Ok(StartOutcome::Busy { retry_after: Duration::from_millis(1) });
        }
        if self.has_fault(F::FailsToStart) {
            return Err(EvaluatorError::new("no credentials"));
        }
        if self.has_fault(F::FailsAfterThreeJobs) && self.ended_jobs.len() >= 3 {
            return Err(EvaluatorError::new("three jobs are enough"));
        }
        assert!(!self.has_fault(F::Panics), "the start panics");
        if self.refusals > 0 {
            self.refusals -= 1;
            return Ok(StartOutcome::Busy { retry_after: Duration::from_secs(150) });
        }
        self.time += self.start_duration;
        if self.running.len() >= self.capacity && !self.running.contains(&job.id()) {
            return Ok(StartOutcome::Busy { retry_after: Duration::ZERO });
        }
        if self.has_fault(F::RunsJobsWithinStart) {
            self.time += Duration::from_millis(300);
        }
        if self.has_fault(F::IsSlowToStart) {
            self.time += Duration::from_secs(9);
        }
        if self.running.contains(&job.id()) && !self.has_fault(F::StartsTwice) {
            return Ok(StartOutcome::Adopted);
        }
        if !self.has_fault(F::LosesJobs) {
            self.running.push_back(job.id());
        }
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        use EvaluatorFault as F;
        let ended = |job| JobEvent::Ended { job, outcome: Outcome::Completed { value: 1.0 } };
        self.waits += 1;
        if self.waits % 2 == 1 && !self.has_fault(F::RunsJobsWithinStart) {
            self.time +=
                if self.has_fault(F::ReturnsFromWaitEarly) { Duration::ZERO } else { timeout };
            self.time += Duration::from_secs(if self.has_fault(F::WaitsTooLong) { 7 } else { 0 });
            if self.has_fault(F::TurnsClockBack) {
                self.time -= timeout + Duration::from_secs(1);
            }
            return Ok(Vec::new());
        }
        if let (true, Some(&job)) = (self.reports > 0, self.running.front()) {
            self.reports -= 1;
            return Ok(vec![JobEvent::Report { job, step: 0, value: 1.0 }]);
        }
        if self.has_fault(F::HangsAfterSevenJobs) && self.ended_jobs.len() > 6 {
            self.time += timeout;
            return Ok(Vec::new());
        }
        let Some(mut job) = self.running.pop_front() else {
            self.time +=
                if self.has_fault(F::ReturnsFromWaitEarly) { Duration::ZERO } else { timeout };
            let late_report =
                self.ended_jobs.last().map(|&job| JobEvent::Report { job, step: 9, value: 0.0 });
            return Ok(late_report
                .filter(|_| self.has_fault(F::ReportsAfterEnd))
                .into_iter()
                .collect());
        };
        self.ended_jobs.push(job);
        if self.has_fault(F::MixesAttempts) {
            job.attempt = 1;
        }
        let mut events = vec![JobEvent::Report { job, step: 1, value: 2.0 }, ended(job)];
        if self.has_fault(F::EndsTwice) {
            events.push(ended(job));
        }
        if self.has_fault(F::EndsUnknownJobs) {
            events.push(ended(JobId { trial: TrialId(500), attempt: 1 }));
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        use EvaluatorFault as F;
        if self.has_fault(F::RefusesToStopEndedJobs) && !self.running.contains(&job) {
            return Err(EvaluatorError::new("no such job"));
        }
        if self.has_fault(F::LosesStoppedJobs) {
            self.running.retain(|running| *running != job);
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }
}

#[test]
fn every_contract_violation_of_an_evaluator_is_reported() {
    use EvaluatorFault as F;
    check_evaluator(|| VirtualEvaluator::new(None), &space()).unwrap();
    // Unusual, but allowed: hundreds of reports, and a busy evaluator for the first five minutes.
    check_evaluator(|| VirtualEvaluator { reports: 400, ..VirtualEvaluator::new(None) }, &space())
        .unwrap();
    check_evaluator(|| VirtualEvaluator { refusals: 2, ..VirtualEvaluator::new(None) }, &space())
        .unwrap();
    // Also allowed: one job at a time, and a service that takes 200 ms to accept a job.
    check_evaluator(|| VirtualEvaluator { capacity: 1, ..VirtualEvaluator::new(None) }, &space())
        .unwrap();
    let latency = Duration::from_millis(200);
    check_evaluator(
        || VirtualEvaluator { start_duration: latency, ..VirtualEvaluator::new(None) },
        &space(),
    )
    .unwrap();
    for (fault, requirement) in [
        (F::StartsTwice, "adopt"),
        (F::LosesJobs, "the end of every started attempt"),
        (F::EndsTwice, "ends once"),
        (F::ReportsAfterEnd, "no events after its end"),
        (F::EndsUnknownJobs, "of started attempts only"),
        (F::MixesAttempts, "a separate job"),
        (F::RefusesToStopEndedJobs, "`stop` succeeds"),
        (F::LosesStoppedJobs, "the end of every started attempt"),
        (F::ReturnsFromWaitEarly, "`wait` blocks"),
        (F::WaitsTooLong, "and no longer"),
        (F::TurnsClockBack, "never decreases"),
        (F::IsAlwaysBusy, "accepts a job"),
        (F::FailsToStart, "returns no error"),
        (F::Panics, "does not panic"),
        (F::IsSlowToStart, "return at once"),
        (F::RunsJobsWithinStart, "return at once"),
        (F::FailsAfterThreeJobs, "`tune` with this evaluator"),
        (F::HangsAfterSevenJobs, "`tune` with this evaluator"),
        (F::PanicsInConstructor, "does not panic"),
    ] {
        let faulty = || VirtualEvaluator::new(Some(fault));
        assert_violates(check_evaluator(faulty, &space()), &format!("{fault:?}"), requirement);
    }
}
