//! Does it work? Statistics with which strategies are compared.

mod wilcoxon;

pub use self::wilcoxon::wilcoxon_signed_rank;
