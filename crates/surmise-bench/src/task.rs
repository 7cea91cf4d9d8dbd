//! A run that an experiment is to make.

use crate::contender::Contender;
use crate::decorators::Durations;
use crate::run::{Parallelism, Provenance};
use crate::suite::Case;

/// One run of an experiment: a contender on a case, with a seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) case: &'a Case,
    pub(super) contender: &'a Contender,
    pub(super) seed: u64,
    pub(super) parallelism: Parallelism,
    pub(super) durations: Option<Durations>,
    pub(super) charged_proposals: bool,
    pub(super) provenance: &'a Provenance,
}
