//! Statistics for comparisons, tested against scipy or a published example.
//!
//! | question | answer |
//! | --- | --- |
//! | do paired samples differ? | [`wilcoxon_signed_rank`], [`wilcoxon_two_sided`] |
//! | is a mean difference below a bound? | [`mean_is_less`] |
//! | do any of several pairs differ? | [`holm`] |
//! | how large is a difference? | [`vargha_delaney`] |
//! | how uncertain is a median? | [`bootstrap_band`] |
//! | how uncertain is a mean, and a mean over problems? | [`mean_over_problems`], [`mean_band`] |
//! | better, worse, equivalent or undecided? | [`DecisionRule::decide`] |
//! | which contender is best over many problems? | [`ranks`], [`cliques`] |

mod effect_size;
mod holm;
mod quantile;
mod wilcoxon;

mod bootstrap;
mod ranking;

mod student;

mod decision;

pub use self::bootstrap::{Band, bootstrap_band};
pub use self::decision::{DecisionRule, Verdict};
pub use self::effect_size::vargha_delaney;
pub use self::holm::holm;
pub use self::quantile::{mean, median, quantile};
pub use self::ranking::{cliques, ranks};
pub use self::student::{mean_band, mean_is_less, mean_over_problems};
pub use self::wilcoxon::{min_two_sided_p_value, wilcoxon_signed_rank, wilcoxon_two_sided};

#[cfg(test)]
mod tests;
