//! Decorators: problems that wrap another problem, and make it noisy, failing, slow or moved.
//!
//! A decorator is a problem itself, so that decorators can be combined. [`Shifted`], [`Rotated`]
//! and [`Reordered`] do not change the value of the optimum; [`Offset`] does.
//!
//! A random decorator draws its numbers before the inner problem does, and their count does not
//! depend on the configuration. So the k-th evaluation of a repetition has the same noise, failure
//! and duration for each configuration.
//!
//! ```
//! use surmise_bench::Problem;
//! use surmise_bench::decorators::{Failing, Noisy};
//! use surmise_bench::problems::smooth;
//!
//! // Noise of standard deviation 5, and 10 % of the evaluations fail.
//! let problem = Failing::at_random(Noisy::new(smooth::branin(), 5.0), 0.1);
//! assert_eq!(problem.name(), "branin+noise5+failures0.1");
//! ```

mod durations;
mod failures;
mod learning_curves;
mod named;
mod noise;
pub(super) mod transformations;

pub use self::durations::{Durations, Slow};
pub use self::failures::Failing;
pub use self::learning_curves::WithLearningCurves;
pub use self::named::Named;
pub use self::noise::Noisy;
pub use self::transformations::{Offset, Reordered, Rotated, Shifted};

#[cfg(test)]
mod tests;
