//! Which problems are run, each with its budget.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use crate::decorators::{Durations, Failing, Noisy, Slow};
use crate::instance::instance;
use crate::problem::Problem;
use crate::problems::network::Network;
use crate::problems::{Formula, engineering, hard, mixed, rugged, smooth, training};
use crate::random_means::RandomMeans;
use surmise::error::{Error, Violation};
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;

/// Changes whenever a problem, an instance, a budget or a constant does: results of two versions are not to be compared.
pub const SUITE_VERSION: u32 = 1;

/// Instances of each function in [`Suite::instances`].
const INSTANCES: u32 = 3;

/// The names that [`Suite::named`] knows.
pub const SUITES: [&str; 6] = ["smoke", "public", "instances", "mixed", "noisy", "hard"];

/// A problem, one of its instances, and how many evaluations it is given.
#[derive(Debug)]
pub struct Case {
    problem: Box<dyn Problem>,
    instance: u32,
    budget: usize,
    /// Of a problem that is not the crate's own, estimated when it is wanted.
    random_means: OnceLock<Option<RandomMeans>>,
}

/// Random configurations that are evaluated to estimate what random search reaches.
const ESTIMATED_FROM: usize = 200;

impl Case {
    /// A problem as it is: instance 0, with 30 evaluations for up to 3 parameters, 60 up to 8, 80 up to 10, 100 above.
    ///
    /// Scores are relative to what random search reaches. If the problem has an optimum, that is estimated from 200 evaluations of random
    /// configurations when a score is wanted; [`with_random_means`](Self::with_random_means) gives it from more of them, or from elsewhere.
    pub fn new(problem: impl Problem + 'static) -> Self {
        let budget = match problem.space().axes().len() {
            0..=3 => 30,
            4..=8 => 60,
            9..=10 => 80,
            _ => 100,
        };
        Self { problem: Box::new(problem), instance: 0, budget, random_means: OnceLock::new() }
    }

    /// A problem of the crate, with its constants.
    fn shipped(problem: impl Problem + 'static) -> Self {
        let random_means = RandomMeans::committed(problem.name(), 0).into();
        Self { random_means, ..Self::new(problem) }
    }

    /// An instance of a function: 0 as it was published; others are moved.
    pub fn instance_of(formula: Formula, number: u32) -> Self {
        let random_means = RandomMeans::committed(formula.name(), number).into();
        Self { instance: number, random_means, ..Self::new(instance(formula, number).0) }
    }

    /// The same with another number of evaluations, at least 1.
    #[must_use]
    pub fn with_budget(self, budget: usize) -> Self {
        Self { budget: budget.max(1), ..self }
    }

    /// The same with what random search reaches, which scores are relative to. The problems of the crate have it.
    #[must_use]
    pub fn with_random_means(self, random_means: RandomMeans) -> Self {
        Self { random_means: Some(random_means).into(), ..self }
    }

    /// The black box.
    pub fn problem(&self) -> &dyn Problem {
        self.problem.as_ref()
    }

    /// 0 as it was published.
    pub fn instance(&self) -> u32 {
        self.instance
    }

    /// Number of evaluations.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// What random search reaches, if that is known.
    pub fn random_means(&self) -> Option<&RandomMeans> {
        let estimate = || {
            self.problem.optimum()?;
            let seed = stable_hash(self.problem.name());
            let estimated = || RandomMeans::estimate(self.problem.as_ref(), ESTIMATED_FROM, seed);
            // A problem that panics has no score; what it says comes with the first run.
            catch_unwind(AssertUnwindSafe(estimated)).ok().flatten()
        };
        self.random_means.get_or_init(estimate).as_ref()
    }

    /// Problem and instance: `branin/0`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.problem.name(), self.instance)
    }

    /// The seed of all that is random in one repetition of this case, by what it is for.
    pub(super) fn seed(&self, repetition: u64, purpose: &str) -> u64 {
        // 53 bits, so that every reader of JSON keeps them.
        stable_hash(&format!("{} {repetition} {purpose}", self.name())) >> 11
    }
}

/// Problems that are run together.
#[derive(Debug)]
pub struct Suite {
    name: String,
    cases: Vec<Case>,
}

impl Suite {
    /// A suite of these cases.
    pub fn new(name: impl Into<String>, cases: impl IntoIterator<Item = Case>) -> Self {
        Self { name: name.into(), cases: cases.into_iter().collect() }
    }

    /// One of [`SUITES`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none of this name.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "smoke" => Ok(Self::smoke()),
            "public" => Ok(Self::public()),
            "instances" => Ok(Self::instances()),
            "mixed" => Ok(Self::mixed()),
            "noisy" => Ok(Self::noisy()),
            "hard" => Ok(Self::hard()),
            _ => Err(Error::Invalid(vec![Violation::new(
                "suite",
                name,
                "there is no such suite",
                format!("use one of {}", SUITES.join(", ")),
            )])),
        }
    }

    /// Seven quick ones, some of each kind, moved: does it still work?
    pub fn smoke() -> Self {
        let formulas = [
            smooth::branin(),
            smooth::hartmann6(),
            rugged::levy(),
            mixed::func2c(),
            training::momentum(),
            training::steps(),
        ];
        let moved = formulas.into_iter().map(|formula| Case::instance_of(formula, 1));
        Self::new("smoke", moved.chain([noisy_hartmann6()]))
    }

    /// All problems as they were published.
    pub fn public() -> Self {
        let cases = formulas().into_iter().map(Case::shipped);
        Self::new("public", cases.chain([Case::shipped(Network::new())]))
    }

    /// Three moved instances of every function that can be moved.
    pub fn instances() -> Self {
        let of_number = |number| {
            let can_move = formulas().into_iter().filter(Formula::is_valid_everywhere);
            can_move.map(move |formula| Case::instance_of(formula, number))
        };
        Self::new("instances", (1..=INSTANCES).flat_map(of_number))
    }

    /// Problems with integers and categories, moved where they can be.
    pub fn mixed() -> Self {
        let moved = [
            mixed::func2c(),
            mixed::func3c(),
            mixed::switches(),
            training::momentum(),
            training::finetuning(),
        ];
        let moved = moved.into_iter().map(|formula| Case::instance_of(formula, 1));
        let fixed = [engineering::pressure_vessel(), engineering::speed_reducer()];
        let fixed = fixed.into_iter().map(Case::shipped);
        Self::new("mixed", moved.chain(fixed).chain([Case::shipped(Network::new())]))
    }

    /// Noise, failures in a region and at random, durations that differ.
    pub fn noisy() -> Self {
        // All three minima are left, the nearest a quarter of a unit above the border.
        let fails = |c: &Configuration| c.float("x1") < 2.0;
        let optimum = smooth::branin().optimum();
        let durations = Durations::LogNormal { median: Duration::from_secs(1), deviation: 0.5 };
        let cases = [
            noisy_hartmann6(),
            Case::shipped(Noisy::new(smooth::branin(), 5.0)),
            Case::shipped(Noisy::new(mixed::func2c(), 0.05)),
            Case::shipped(Noisy::new(training::momentum(), 0.05)),
            Case::shipped(Noisy::new(smooth::styblinski_tang(), 20.0)),
            Case::shipped(Failing::at_random(smooth::hartmann3(), 0.2)),
            Case::shipped(Failing::within(smooth::branin(), fails, optimum)),
            Case::shipped(Failing::at_random(Noisy::new(training::finetuning(), 0.02), 0.1)),
            Case::shipped(Slow::new(smooth::hartmann6(), durations)),
            failing_hartmann6(),
        ];
        Self::new("noisy", cases)
    }

    /// What surrogate models are known to fail at, one difficulty each: see [`problems::hard`](crate::problems::hard).
    pub fn hard() -> Self {
        let island = Failing::within(hard::island(), hard::island_fails, Some(0.0));
        let others = hard_formulas().into_iter().filter(|formula| formula.name() != "island");
        let cases = others.map(Case::shipped);
        Self::new("hard", cases.chain([Case::shipped(island)]))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its problems.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Its problems, to be put together anew.
    pub fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    /// Adds a problem of your own.
    pub fn push(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// Keeps the cases whose name contains one of these texts.
    pub fn keep(&mut self, wanted: &[String]) {
        self.cases.retain(|case| wanted.iter().any(|text| case.name().contains(text.as_str())));
    }
}

fn noisy_hartmann6() -> Case {
    Case::shipped(Noisy::new(smooth::hartmann6(), 0.1))
}

/// Noisy, a fifth fails by chance, and what is above 0.75 in the first parameter always: neither of the two best minima.
fn failing_hartmann6() -> Case {
    let noisy = Noisy::new(smooth::hartmann6(), 0.1);
    let optimum = noisy.optimum();
    let fails = |c: &Configuration| c.float("x0") > 0.75;
    Case::shipped(Failing::within(Failing::at_random(noisy, 0.2), fails, optimum))
}

/// All functions of the crate.
pub(super) fn formulas() -> Vec<Formula> {
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

/// Those of [`Suite::hard`], without what fails.
pub(super) fn hard_formulas() -> Vec<Formula> {
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
