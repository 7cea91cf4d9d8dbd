//! A handle that ends a tuning from another thread or a signal handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const NONE: u8 = 0;
const DRAIN: u8 = 1;
const CANCEL: u8 = 2;

/// Ends a tuning from another thread, or from a signal handler. Clones share their state.
///
/// Pass it to [`Tuner::stop_handle`](crate::Tuner::stop_handle). This crate installs no signal
/// handler unless a program asks for it. To end a tuning on Ctrl-C, use `StopHandle::on_signals`
/// (feature `signals`), or call [`request`](Self::request) in your own handler.
///
/// ```
/// use surmise::{StopHandle, Tuner};
///
/// let handle = StopHandle::new();
/// let tuner = Tuner::new().stop_handle(&handle);
/// let elsewhere = handle.clone();
/// std::thread::spawn(move || elsewhere.drain()).join().unwrap();
/// assert!(handle.is_requested());
/// # drop(tuner);
/// ```
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<AtomicU8>);

impl StopHandle {
    /// Creates a handle that has requested nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests that no more jobs start; running jobs finish.
    pub fn drain(&self) {
        self.0.fetch_max(DRAIN, Ordering::AcqRel);
    }

    /// Requests that running jobs stop, within the [grace period](crate::Tuner::stop_grace_period).
    pub fn cancel(&self) {
        self.0.fetch_max(CANCEL, Ordering::AcqRel);
    }

    /// Drains at the first call and cancels at the second. Call it from a signal handler.
    pub fn request(&self) {
        if self.0.compare_exchange(NONE, DRAIN, Ordering::AcqRel, Ordering::Acquire).is_err() {
            self.cancel();
        }
    }

    /// Returns whether the handle has requested to drain or to cancel.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire) >= DRAIN
    }

    /// Returns whether there is no other clone of the handle.
    #[cfg(all(unix, feature = "signals"))]
    pub(super) fn is_last_copy(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire) >= CANCEL
    }
}
