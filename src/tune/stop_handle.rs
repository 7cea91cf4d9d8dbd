//! How to end a tuning from elsewhere: another thread, a signal handler of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const GO: u8 = 0;
const DRAIN: u8 = 1;
const CANCEL: u8 = 2;

/// Ends a tuning from elsewhere. Copies of it are the same handle.
///
/// This crate installs no signal handler by itself; a program that wants Ctrl-C to end a tuning makes its handle by `StopHandle::on_signals` (feature
/// `signals`), or calls [`request`](Self::request) in a handler of its own.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<AtomicU8>);

impl StopHandle {
    /// A handle that has asked for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing more is started; what runs comes to its end.
    pub fn drain(&self) {
        self.0.fetch_max(DRAIN, Ordering::AcqRel);
    }

    /// What runs is asked to stop, and is waited for only for a while.
    pub fn cancel(&self) {
        self.0.fetch_max(CANCEL, Ordering::AcqRel);
    }

    /// Drains, when called first; cancels, when called once more. For a signal handler.
    pub fn request(&self) {
        if self.0.compare_exchange(GO, DRAIN, Ordering::AcqRel, Ordering::Acquire).is_err() {
            self.cancel();
        }
    }

    /// Whether anything has been asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire) >= DRAIN
    }

    /// Whether there is no other copy of it.
    #[cfg(all(unix, feature = "signals"))]
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire) >= CANCEL
    }
}
