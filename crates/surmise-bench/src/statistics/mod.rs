//! Statistics for comparisons, tested against scipy or a published example.
//!
//! | question | answer |
//! | --- | --- |
//! | do paired samples differ? | [`wilcoxon_signed_rank`], [`wilcoxon_two_sided`] |
//! | do any of several pairs differ? | [`holm`] |
//! | how large is a difference? | [`vargha_delaney`] |
//! | how uncertain is a median? | [`bootstrap_band`] |
//! | better, worse, equivalent or undecided? | [`DecisionRule::decide`] |
//! | which contender is best over many problems? | [`ranks`], [`cliques`] |

mod effect_size;
mod holm;
mod quantile;
mod wilcoxon;

mod bootstrap;
mod decision;
mod ranking;

pub use self::bootstrap::{Band, bootstrap_band};
pub use self::decision::{DecisionRule, Verdict};
pub use self::effect_size::vargha_delaney;
pub use self::holm::holm;
pub use self::quantile::{mean, median, quantile};
pub use self::ranking::{cliques, ranks};
pub use self::wilcoxon::{wilcoxon_signed_rank, wilcoxon_two_sided};

#[cfg(test)]
mod tests;
