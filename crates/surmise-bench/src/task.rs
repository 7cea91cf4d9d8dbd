//! One run that is to be made.

use crate::contender::Contender;
use crate::decorators::Durations;
use crate::run::Parallelism;
use crate::suite::Case;

/// One run to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) case: &'a Case,
    pub(super) contender: &'a Contender,
    pub(super) seed: u64,
    pub(super) parallelism: Parallelism,
    pub(super) durations: Option<Durations>,
}
