//! A proposal that is computed on a thread of its own, so that deadlines, cancellations and reports do not wait for it.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::Error;
use crate::strategy::Proposal;
use crate::study::Computation;

type Proposed = Result<Option<Proposal>, Error>;

/// How long to wait for a proposal before other things are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A proposal on its way. Dropped, it is computed to its end and thrown away.
pub(super) struct Proposing {
    receiver: Receiver<Proposed>,
    thread: JoinHandle<()>,
    result: Option<Proposed>,
    has_panicked: bool,
}

impl Proposing {
    /// Begins to compute.
    ///
    /// # Errors
    /// [`Error::Strategy`] if there is no thread to be had.
    #[allow(clippy::disallowed_methods, reason = "the loop starts the threads of proposals")]
    pub(super) fn of(computation: Computation) -> Result<Box<Self>, Error> {
        let (sender, receiver) = channel();
        let work = move || {
            let proposed = computation.run();
            // What is known is shared as long as this lives, and would be copied.
            drop(computation);
            // The receiver is gone if the tuning is over.
            let _ = sender.send(proposed);
        };
        let thread = thread::Builder::new()
            .name("surmise proposal".to_owned())
            .spawn(work)
            .map_err(|error| Error::Strategy(format!("cannot start a thread: {error}")))?;
        Ok(Box::new(Self { receiver, thread, result: None, has_panicked: false }))
    }

    /// Waits for a moment.
    pub(super) fn wait(&mut self) {
        if self.result.is_some() {
            return;
        }
        match self.receiver.recv_timeout(LOOK) {
            Ok(proposed) => self.result = Some(proposed),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.has_panicked = true,
        }
    }

    /// The proposal, or what is still on its way.
    ///
    /// # Panics
    /// If the strategy did.
    pub(super) fn finish(mut self: Box<Self>) -> Result<Proposed, Box<Self>> {
        if self.result.is_none() && !self.has_panicked {
            self.wait();
        }
        if !self.has_panicked {
            return self.result.take().ok_or(self);
        }
        match self.thread.join() {
            Err(payload) => resume_unwind(payload),
            Ok(()) => unreachable!("a thread that sent nothing has panicked"),
        }
    }
}
