//! Studies: asking for trials, telling their outcomes, and the events that record both.
//!
//! A [`Study`] is an append-only list of [`Event`]s, from which its trials are derived. Run it with
//! [`tune`](crate::tune::tune), or by hand with [`ask`](Study::ask) and [`tell`](Study::tell).

mod configuration_index;
mod event;
mod history_lists;
mod result_index;
mod finite_values;
mod why;

mod settings;

mod definition;

mod event_sink;

mod ask;
mod apply_event;
mod external_observation;
mod query;
mod queue;
mod replay;
mod tell;
mod duplicates;
mod history;

pub(crate) use self::ask::{ProposalTask, Step};
pub use self::definition::Study;
pub use self::event::{EVENT_VERSION, Event};
pub use self::event_sink::EventSink;
pub use self::settings::{AskOutcome, LateOutcomes, Order, StoppedTrials, StudySettings};
pub use self::why::{MetricPrediction, Why};

#[cfg(test)]
mod tests;
