//! Test functions: problems that a formula defines.

use std::fmt;

use crate::problem::{Evaluation, Problem};
use surmise::error::Error;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ScalingType, SearchSpace};

type Function = dyn Fn(&Configuration) -> f64 + Send + Sync;

/// A function that a formula defines, with its optimum and its minimizer.
pub struct TestFunction {
    pub(super) name: &'static str,
    pub(super) space: SearchSpace,
    function: Box<Function>,
    pub(super) optimum: f64,
    pub(super) minimizer: Configuration,
    is_defined_outside_ranges: bool,
}

impl TestFunction {
    pub(super) fn new(
        name: &'static str,
        ranges: impl IntoIterator<Item = Result<ParameterRange, Error>>,
        function: impl Fn(&Configuration) -> f64 + Send + Sync + 'static,
        (optimum, minimizer): (f64, Configuration),
    ) -> Self {
        let space = SearchSpace::new(ranges).expect("valid ranges");
        let function = Box::new(function);
        Self { name, space, function, optimum, minimizer, is_defined_outside_ranges: false }
    }

    /// Creates a function of continuous parameters x0, x1, …, which is defined outside of its
    /// ranges.
    pub(super) fn of_continuous(
        name: &'static str,
        bounds: &[(f64, f64)],
        function: fn(&[f64]) -> f64,
        (optimum, minimizer): (f64, &[f64]),
    ) -> Self {
        let names: Vec<String> = (0..bounds.len()).map(|i| format!("x{i}")).collect();
        let ranges: Vec<_> = names
            .iter()
            .zip(bounds)
            .map(|(name, (low, high))| {
                ParameterRange::continuous(name, *low..=*high, ScalingType::Linear)
            })
            .collect();
        let minimizer = names.iter().zip(minimizer).map(|(name, x)| (name, (*x).into())).collect();
        let value = move |configuration: &Configuration| {
            let x: Vec<f64> = names.iter().map(|name| configuration.float(name)).collect();
            function(&x)
        };
        Self::new(name, ranges, value, (optimum, minimizer)).defined_outside_ranges()
    }

    /// Declares that the function is defined outside of its ranges, and not below its optimum
    /// there.
    pub(super) fn defined_outside_ranges(self) -> Self {
        Self { is_defined_outside_ranges: true, ..self }
    }

    /// Returns a configuration with the smallest value, to the published digits.
    pub fn minimizer(&self) -> &Configuration {
        &self.minimizer
    }

    /// Returns true if the function is defined, and not below its optimum, outside of its ranges.
    ///
    /// Only such functions can be shifted and rotated.
    pub fn is_defined_outside_ranges(&self) -> bool {
        self.is_defined_outside_ranges
    }

    /// Computes the value of a configuration.
    pub fn value(&self, configuration: &Configuration) -> f64 {
        (self.function)(configuration)
    }
}

impl fmt::Debug for TestFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Problem for TestFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, _rng: &mut Rng) -> Evaluation {
        self.value(configuration).into()
    }

    fn optimum(&self) -> Option<f64> {
        Some(self.optimum)
    }
}
