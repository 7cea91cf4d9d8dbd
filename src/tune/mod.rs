//! The loop that runs a study: it asks for trials, starts their jobs within the limits, and tells
//! the study their outcomes.
//!
//! [`tune()`] runs a study under the default rules. A [`Tuner`] adds early stopping, completion
//! criteria, retries, timeouts, observers, a [`StopHandle`] and a journal.

mod background_proposal;
mod stop_reason;
mod stop_handle;

#[cfg(all(unix, feature = "signals"))]
mod signals;

mod completion;
mod persistence_state;
mod probe;
mod progress;

#[cfg(feature = "progress-bar")]
mod progress_bar;
#[cfg(feature = "tracing")]
mod trace;
mod tuner;

mod run_state;

mod main_loop;
mod entry;
mod job_events;
mod persistence;
mod circuit_breaker;
mod start_jobs;
mod stop_jobs;
mod timers;

pub use self::entry::tune;
pub use self::progress::{Progress, TuningResult};
#[cfg(feature = "progress-bar")]
pub use self::progress_bar::progress_bar;
pub use self::stop_handle::StopHandle;
pub use self::stop_reason::StopReason;
#[cfg(feature = "tracing")]
pub use self::trace::trace;
pub use self::tuner::Tuner;
