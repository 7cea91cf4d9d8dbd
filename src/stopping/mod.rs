//! Early stopping: decides from learning curves which running trials to stop.
//!
//! There are two rules, the median rule and successive halving
//! ([`EarlyStopping`](crate::EarlyStopping)). [`LearningCurves`] applies them.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | yⱼ(s) | loss that trial j reported at step s; ∞ if the metric was not finite |
//! | ȳⱼ(s) | running average: the mean of the losses of trial j at the steps up to s |
//! | v = yₖ(s) | loss of the trial k that the rule decides on |
//! | η | reduction factor: one trial in η continues to the next rung |
//!
//! **Median rule.** Stop trial k if v > median of ȳⱼ(s) over the earlier trials j that have reached
//! step s (Golovin et al. 2017, §3.2.2). As in SageMaker's guide, v is the loss at the step, not
//! the smallest loss up to it.
//!
//! **Successive halving.** Of the n trials that have reached a rung, k among them, stop k unless
//! fewer than ⌊n ⁄ η⌋ are better, or n < η. This is algorithm 2 of Li et al. 2020, in the form of
//! Klein et al. 2020, which stops instead of pausing.
//!
//! A decision depends on the learning curves only.

mod learning_curve;

mod running_averages;

mod learning_curves;

pub use self::learning_curves::LearningCurves;

#[cfg(test)]
mod tests;
