//! Statistics of comparisons. Each is checked against scipy's numbers or a published worked example.
//!
//! | question | answer |
//! | --- | --- |
//! | do paired samples differ? | [`wilcoxon_signed_rank`], [`wilcoxon_two_sided`] |
//! | …in any of several pairs? | [`holm`] |
//! | how often is one below the other? | [`vargha_delaney`] |
//! | how sure is a median? | [`bootstrap_band`] |
//! | better, worse, equivalent or undecided? | [`Judgement::judge`] |
//! | who is best over many problems? | [`ranks`], [`cliques`] |

mod effect;
mod holm;
mod quantile;
mod wilcoxon;

mod bootstrap;
mod ranks;
mod verdict;

pub use self::bootstrap::{Band, bootstrap_band};
pub use self::effect::vargha_delaney;
pub use self::holm::holm;
pub use self::quantile::{mean, median, quantile};
pub use self::ranks::{cliques, ranks};
pub use self::verdict::{Judgement, Verdict};
pub use self::wilcoxon::{wilcoxon_signed_rank, wilcoxon_two_sided};

#[cfg(test)]
mod tests;
