//! Validation of tuning requests: does the service accept a request, and does it do what its author
//! wants?
//!
//! Two passes report all findings at once. The first checks every member against the service's
//! model (`shape`). The second checks the rules between members, which only the service and its
//! documentation state. Each rule checks only the members that it needs, so that a broken rule
//! hides no other.

mod channels;
mod range;

mod request_view;

mod definition;
mod metrics;
mod ranges;
mod request;
mod search;

mod algorithm;

mod validator;

pub(crate) use self::search::{EPOCH_NAMES, parse_epochs};
pub use self::validator::Validator;
