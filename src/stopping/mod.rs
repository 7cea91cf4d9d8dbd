//! Which running trials to stop early: the median rule and successive halving.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | yⱼ(s) | loss that trial j reported at step s; ∞ where the metric was not finite |
//! | ȳⱼ(s) | its running average: the mean of its losses at the steps up to s |
//! | v = yₖ(s) | loss of the trial k that is judged |
//! | η | one in so many goes on to the next rung |
//!
//! Median rule: stop if v > median of ȳⱼ(s) over the trials j before k that have got as far as s (Golovin et al. 2017, §3.2.2, with
//! the value at the step in the place of the best one, as SageMaker's guide has it).
//!
//! Successive halving: of the n trials that have reached a rung, k among them, stop k unless fewer than ⌊n ⁄ η⌋ are better, or n < η (Li et
//! al. 2020, algorithm 2, in the form that stops instead of pausing: Klein et al. 2020).
//!
//! A verdict is a function of the curves alone: of which trials are known, and of what they reported.

mod curve;

mod averages;

mod curves;

pub use self::curves::Curves;

#[cfg(test)]
mod tests;
