//! Would the service take a request on, and would a person regret it?
//!
//! Two passes, whose findings come all at once: every member against the service's model (`shape`), and the rules between members,
//! which only the service itself and its documentation know. A rule looks at what it needs alone, so that one that is broken hides no
//! other.

mod channels;
mod range;

mod case;

mod definition;
mod metrics;
mod ranges;
mod request;
mod search;

mod algorithm;

mod judging;

pub use self::judging::Judge;
pub(crate) use self::search::{EPOCHS, epochs};
