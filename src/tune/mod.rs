//! The only loop: asks the study, starts jobs under the limits, tells what came of them, and knows when it is enough.

mod proposing;
mod reason;
mod stop_handle;

#[cfg(all(unix, feature = "signals"))]
mod signals;

mod endings;
mod kept;
mod probe;
mod progress;

#[cfg(feature = "progress-bar")]
mod progress_bar;
#[cfg(feature = "tracing")]
mod trace;
mod tuner;

mod run;

mod drive;
mod entry;
mod events;
mod keeping;
mod probing;
mod starting;
mod stopping;
mod time;

pub use self::entry::tune;
pub use self::progress::{Progress, Tuned};
#[cfg(feature = "progress-bar")]
pub use self::progress_bar::progress_bar;
pub use self::reason::StopReason;
pub use self::stop_handle::StopHandle;
#[cfg(feature = "tracing")]
pub use self::trace::trace;
pub use self::tuner::Tuner;
