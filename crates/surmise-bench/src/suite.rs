//! Suites: lists of problems, each with a budget.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use crate::decorators::{Durations, Failing, Noisy, Slow};
use crate::instance::instance;
use crate::problem::Problem;
use crate::problems::network::Network;
use crate::problems::{TestFunction, engineering, hard, lock_in, mixed, rugged, smooth, training};
use crate::random_means::RandomMeans;
use surmise::error::{Error, Violation};
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;

/// Version of the suites; results of two versions must not be compared.
///
/// It changes with every change of a problem, an instance, a budget or a mean of random search.
pub const SUITE_VERSION: u32 = 2;

/// Number of instances of each function in [`Suite::instances`].
const INSTANCES: u32 = 3;

/// Number of instances of each family in [`Suite::lock_in`]; thrice as many of the noisy family.
const LOCK_IN_INSTANCES: u32 = 4;

/// The date since when parts of the suites `real` and `lock-in` are held out.
pub(super) const HELD_OUT_SINCE: &str = "2026-12-01";

/// The names that [`Suite::named`] accepts.
pub const SUITES: [&str; 7] = ["smoke", "public", "instances", "mixed", "noisy", "hard", "lock-in"];

/// A problem with an instance number and a budget of evaluations.
#[derive(Debug)]
pub struct Case {
    problem: Box<dyn Problem>,
    instance: u32,
    budget: usize,
    held_out_since: Option<&'static str>,
    /// The means of random search; stored for built-in problems, otherwise estimated on first use.
    random_means: OnceLock<Option<RandomMeans>>,
    /// The number of configurations that they are estimated from; `None` is the default.
    random_samples: Option<usize>,
}

/// Smallest number of random configurations that the means of random search are estimated from.
const MIN_RANDOM_SAMPLES: usize = 200;

/// The same number as a multiple of the budget; the means of small samples vary too much.
const RANDOM_SAMPLES_PER_EVALUATION: usize = 5;

impl Case {
    /// Creates a case of a problem, as instance 0.
    ///
    /// The budget is 30 evaluations for up to 3 parameters, 60 up to 8, 80 up to 10, 100 above.
    ///
    /// Scores are relative to the mean best value of random search. If the problem has an optimum,
    /// the first use of a score estimates the means from [random
    /// configurations](Self::with_random_samples). For a better estimate, use
    /// [`with_random_means`](Self::with_random_means).
    pub fn new(problem: impl Problem + 'static) -> Self {
        let budget = match problem.space().axes().len() {
            0..=3 => 30,
            4..=8 => 60,
            9..=10 => 80,
            _ => 100,
        };
        Self {
            problem: Box::new(problem),
            instance: 0,
            budget,
            held_out_since: None,
            random_means: OnceLock::new(),
            random_samples: None,
        }
    }

    /// Creates a case of a built-in problem, with its stored means of random search.
    pub(super) fn built_in(problem: impl Problem + 'static) -> Self {
        let random_means = RandomMeans::built_in(problem.name(), 0).into();
        Self { random_means, ..Self::new(problem) }
    }

    /// Creates a case of an instance of a function; instance 0 is the function as published.
    ///
    /// Instances 1, 2, … are moved at random; the number is the seed. Only the instances of the
    /// [`SUITES`] have stored means of random search. For scores of other ones, use
    /// [`with_random_means`](Self::with_random_means).
    pub fn instance_of(function: TestFunction, number: u32) -> Self {
        let random_means = RandomMeans::built_in(function.name(), number).into();
        Self { instance: number, random_means, ..Self::new(instance(function, number).0) }
    }

    /// Creates a case of a family of [`lock_in`]; every second instance is held out.
    fn lock_in_of(problem: impl Problem + 'static, number: u32) -> Self {
        let random_means = RandomMeans::built_in(problem.name(), number).into();
        let case = Self { instance: number, random_means, ..Self::new(problem) };
        if number.is_multiple_of(2) { case.with_held_out_since(HELD_OUT_SINCE) } else { case }
    }

    /// Declares that the engine is not developed with this case, since a date.
    ///
    /// Reports show held-out cases apart. Results on other cases are no evidence for the strategies
    /// that were developed with them.
    #[must_use]
    pub fn with_held_out_since(self, date: &'static str) -> Self {
        Self { held_out_since: Some(date), ..self }
    }

    /// Sets the maximum number of evaluations, at least 1; [`new`](Self::new) has the defaults.
    ///
    /// Set it to the number of trials that you can afford in practice.
    #[must_use]
    pub fn with_budget(self, budget: usize) -> Self {
        Self { budget: budget.max(1), ..self }
    }

    /// Sets the mean best values of random search, which scores are relative to.
    ///
    /// By default, built-in problems have stored means, and a sample of random configurations gives
    /// those of other problems. For a custom problem, [estimate](RandomMeans::estimate) them once
    /// from 10,000 configurations or more, so that scores do not depend on a small sample.
    #[must_use]
    pub fn with_random_means(self, random_means: RandomMeans) -> Self {
        Self { random_means: Some(random_means).into(), ..self }
    }

    /// Sets the number of random configurations, at least 200, that the means of random search are
    /// estimated from; by default 5 times the budget.
    ///
    /// It has no effect on means that are stored or set.
    #[must_use]
    pub fn with_random_samples(self, samples: usize) -> Self {
        Self { random_samples: Some(samples), ..self }
    }

    /// Returns the number of evaluations that the first use of a score needs for the means of
    /// random search; 0 if they are stored, set or already estimated.
    pub fn pending_random_samples(&self) -> usize {
        if self.random_means.get().is_some() || self.problem.optimum().is_none() {
            return 0;
        }
        let default = RANDOM_SAMPLES_PER_EVALUATION * self.budget;
        self.random_samples.unwrap_or(default).max(MIN_RANDOM_SAMPLES)
    }

    /// Returns the problem that is evaluated.
    pub fn problem(&self) -> &dyn Problem {
        self.problem.as_ref()
    }

    /// Returns the number of the instance; 0 is the problem as it was published.
    pub fn instance(&self) -> u32 {
        self.instance
    }

    /// Returns the maximum number of evaluations.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Returns the date since when the case is held out; `None` if the engine was developed with
    /// it, or if nothing is declared.
    pub fn held_out_since(&self) -> Option<&'static str> {
        self.held_out_since
    }

    /// Returns the mean best values of random search; `None` if they are unknown.
    ///
    /// They are unknown if the problem has no optimum, if all evaluations fail, or for an instance
    /// without stored means.
    pub fn random_means(&self) -> Option<&RandomMeans> {
        let estimate = || {
            self.problem.optimum()?;
            let seed = stable_hash(self.problem.name());
            let samples = self.pending_random_samples();
            let estimated = || RandomMeans::estimate(self.problem.as_ref(), samples, seed);
            // A problem that panics has no score; the first run shows the panic message.
            catch_unwind(AssertUnwindSafe(estimated)).ok().flatten()
        };
        self.random_means.get_or_init(estimate).as_ref()
    }

    /// Returns the name of the problem and the number of the instance, such as `branin/0`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.problem.name(), self.instance)
    }

    /// Returns the seed of a repetition of this case, for one purpose such as "strategy".
    pub(super) fn seed(&self, repetition: u64, purpose: &str) -> u64 {
        // 53 bits, which JSON readers with floating-point numbers preserve.
        stable_hash(&format!("{} {repetition} {purpose}", self.name())) >> 11
    }
}

/// A list of cases that an experiment runs, with a name.
#[derive(Debug)]
pub struct Suite {
    name: String,
    cases: Vec<Case>,
}

impl Suite {
    /// Creates a suite of these cases.
    pub fn new(name: impl Into<String>, cases: impl IntoIterator<Item = Case>) -> Self {
        Self { name: name.into(), cases: cases.into_iter().collect() }
    }

    /// Returns one of the [`SUITES`] by its name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if no suite has this name.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "smoke" => Ok(Self::smoke()),
            "public" => Ok(Self::public()),
            "instances" => Ok(Self::instances()),
            "mixed" => Ok(Self::mixed()),
            "noisy" => Ok(Self::noisy()),
            "hard" => Ok(Self::hard()),
            "lock-in" => Ok(Self::lock_in()),
            _ => Err(Error::Invalid(vec![Violation::new(
                "suite",
                name,
                "no suite has this name",
                format!("use one of {}, real", SUITES.join(", ")),
            )])),
        }
    }

    /// Returns ten fast cases of different kinds, for the regression check.
    pub fn smoke() -> Self {
        let functions = [
            smooth::branin(),
            smooth::hartmann6(),
            rugged::levy(),
            mixed::func2c(),
            training::momentum(),
            training::steps(),
        ];
        let moved = functions.into_iter().map(|function| Case::instance_of(function, 1));
        let families = [lock_in::choices(1), lock_in::stairs(1), lock_in::ends(1)];
        let families = families.into_iter().map(|function| Case::lock_in_of(function, 1));
        Self::new("smoke", moved.chain([noisy_hartmann6()]).chain(families))
    }

    /// Returns the test functions as they were published, and a neural network.
    pub fn public() -> Self {
        let cases = test_functions().into_iter().map(Case::built_in);
        Self::new("public", cases.chain([Case::built_in(Network::new())]))
    }

    /// Returns three moved instances of each function that can be moved.
    pub fn instances() -> Self {
        let of_number = |number| {
            let movable =
                test_functions().into_iter().filter(TestFunction::is_defined_outside_ranges);
            movable.map(move |function| Case::instance_of(function, number))
        };
        Self::new("instances", (1..=INSTANCES).flat_map(of_number))
    }

    /// Returns problems with integer and categorical parameters, moved where possible.
    pub fn mixed() -> Self {
        let moved = [
            mixed::func2c(),
            mixed::func3c(),
            mixed::switches(),
            training::momentum(),
            training::finetuning(),
        ];
        let moved = moved.into_iter().map(|function| Case::instance_of(function, 1));
        let fixed = [engineering::pressure_vessel(), engineering::speed_reducer()];
        let fixed = fixed.into_iter().map(Case::built_in);
        Self::new("mixed", moved.chain(fixed).chain([Case::built_in(Network::new())]))
    }

    /// Returns problems with noise, with failures in a region or at random, with random durations.
    pub fn noisy() -> Self {
        // All three minima lie outside of this region, the nearest one 0.275 above its border.
        let fails = |c: &Configuration| c.float("x1") < 2.0;
        let optimum = smooth::branin().optimum();
        let durations = Durations::LogNormal { median: Duration::from_secs(1), log_std_dev: 0.5 };
        let cases = [
            noisy_hartmann6(),
            Case::built_in(Noisy::new(smooth::branin(), 5.0)),
            Case::built_in(Noisy::new(mixed::func2c(), 0.05)),
            Case::built_in(Noisy::new(training::momentum(), 0.05)),
            Case::built_in(Noisy::new(smooth::styblinski_tang(), 20.0)),
            Case::built_in(Failing::at_random(smooth::hartmann3(), 0.2)),
            Case::built_in(Failing::within(smooth::branin(), fails, optimum)),
            Case::built_in(Failing::at_random(Noisy::new(training::finetuning(), 0.02), 0.1)),
            Case::built_in(Slow::new(smooth::hartmann6(), durations)),
            failing_hartmann6(),
        ];
        Self::new("noisy", cases)
    }

    /// Returns problems that are hard for surrogate models: see [`hard`](crate::problems::hard).
    pub fn hard() -> Self {
        let island = Failing::within(hard::island(), hard::island_fails, Some(0.0));
        let functions = hard_functions().into_iter().filter(|f| f.name() != "island");
        let cases = functions.map(Case::built_in);
        Self::new("hard", cases.chain([Case::built_in(island)]))
    }

    /// Returns random problems on which searches settle too soon: see
    /// [`lock_in`](crate::problems::lock_in).
    pub fn lock_in() -> Self {
        let functions = [
            lock_in::choices,
            lock_in::basins,
            lock_in::plateau,
            lock_in::stairs,
            lock_in::idle,
            lock_in::ends,
        ];
        let of_number = |number| {
            let functions = functions.iter().map(move |function| function(number));
            let functions = functions.map(move |function| Case::lock_in_of(function, number));
            functions.chain([Case::lock_in_of(lock_in::corners(number), number)])
        };
        let noisy = (1..=3 * LOCK_IN_INSTANCES)
            .map(|number| Case::lock_in_of(lock_in::noise(number), number));
        Self::new("lock-in", (1..=LOCK_IN_INSTANCES).flat_map(of_number).chain(noisy))
    }

    /// Returns the name of the suite.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the cases of the suite.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Returns the cases by value, to build another suite from them.
    pub fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    /// Appends a case, such as one of a custom problem.
    pub fn push(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// Sets the budget of every case, at least 1.
    #[must_use]
    pub fn with_budget(self, budget: usize) -> Self {
        let cases = self.cases.into_iter().map(|case| case.with_budget(budget));
        Self { cases: cases.collect(), ..self }
    }

    /// Keeps the cases that are held out if `held_out` is true, and the other ones otherwise.
    pub fn retain_held_out(&mut self, held_out: bool) {
        self.cases.retain(|case| case.held_out_since().is_some() == held_out);
    }

    /// Keeps the cases whose name contains one of these texts, and removes the other ones.
    pub fn retain_matching(&mut self, texts: &[String]) {
        self.cases.retain(|case| texts.iter().any(|text| case.name().contains(text.as_str())));
    }
}

fn noisy_hartmann6() -> Case {
    Case::built_in(Noisy::new(smooth::hartmann6(), 0.1))
}

/// Returns a case with noise, 20 % random failures, and failures wherever x0 > 0.75.
///
/// The two best minima are outside of the failing region.
fn failing_hartmann6() -> Case {
    let noisy = Noisy::new(smooth::hartmann6(), 0.1);
    let optimum = noisy.optimum();
    let fails = |c: &Configuration| c.float("x0") > 0.75;
    Case::built_in(Failing::within(Failing::at_random(noisy, 0.2), fails, optimum))
}

/// Returns all test functions of the public suite.
pub(super) fn test_functions() -> Vec<TestFunction> {
    vec![
        smooth::branin(),
        smooth::six_hump_camel(),
        smooth::hartmann3(),
        smooth::hartmann6(),
        smooth::shekel(),
        smooth::styblinski_tang(),
        rugged::ackley(),
        rugged::levy(),
        rugged::rosenbrock(),
        rugged::rastrigin(),
        rugged::griewank(),
        mixed::func2c(),
        mixed::func3c(),
        mixed::switches(),
        engineering::pressure_vessel(),
        engineering::welded_beam(),
        engineering::speed_reducer(),
        training::momentum(),
        training::finetuning(),
        training::steps(),
        training::plateau(),
    ]
}

/// Returns the functions of [`Suite::hard`], without the failures of the island.
pub(super) fn hard_functions() -> Vec<TestFunction> {
    vec![
        hard::hartmann6_in_20(),
        hard::hartmann6_in_100(),
        hard::valley50(),
        hard::choices25(),
        hard::corner8(),
        hard::needle12(),
        hard::decades(),
        hard::offset(),
        hard::heavy_tail(),
        hard::island(),
    ]
}
