//! The ledger: what was asked, what was told, and nothing else.
//!
//! A [`Study`] is an append-only list of [`Event`]s, from which the trials are derived. It does no I/O, reads no clock and
//! starts no thread; it can be driven by [`tune`](crate::tune::tune), or by hand with [`ask`](Study::ask) and
//! [`tell`](Study::tell).

mod configurations;
mod event;
mod known;
mod results;
mod sound;
mod why;

mod settings;

mod trials;

mod sink;

mod asking;
mod ledger;
mod outside;
mod queue;
mod repeated;
mod revealed;

pub(crate) use self::asking::{Computation, Step};
pub use self::event::{EVENT_VERSION, Event};
pub use self::known::StoppedTrials;
pub use self::settings::{Asked, LateResults, Order, StudySettings};
pub use self::sink::Sink;
pub use self::trials::Study;
pub use self::why::{Expected, Why};

#[cfg(test)]
mod tests;
