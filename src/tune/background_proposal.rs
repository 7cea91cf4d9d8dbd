//! Computes a proposal on a thread of its own, so that timeouts, cancellations and reports do not
//! wait for it.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::Error;
use crate::strategy::Proposal;
use crate::study::ProposalTask;

type ProposalResult = Result<Option<Proposal>, Error>;

/// How long to wait for a proposal before the loop continues.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A proposal that is being computed. If it is dropped, the thread finishes and its result is lost.
pub(super) struct BackgroundProposal {
    receiver: Receiver<ProposalResult>,
    thread: JoinHandle<()>,
    result: Option<ProposalResult>,
    has_panicked: bool,
}

impl BackgroundProposal {
    /// Starts the computation.
    ///
    /// # Errors
    /// [`Error::Strategy`] if no thread can be started.
    #[allow(clippy::disallowed_methods, reason = "the loop starts the threads of proposals")]
    pub(super) fn start(task: ProposalTask) -> Result<Box<Self>, Error> {
        let (sender, receiver) = channel();
        let work = move || {
            let result = task.run();
            // While the task shares the history, a change of the history copies it.
            drop(task);
            // The receiver is gone if the tuning has ended.
            let _ = sender.send(result);
        };
        let thread = thread::Builder::new()
            .name("surmise proposal".to_owned())
            .spawn(work)
            .map_err(|error| Error::Strategy(format!("cannot start a thread: {error}")))?;
        Ok(Box::new(Self { receiver, thread, result: None, has_panicked: false }))
    }

    /// Waits for the proposal, at most for [`POLL_INTERVAL`].
    pub(super) fn wait(&mut self) {
        if self.result.is_some() {
            return;
        }
        match self.receiver.recv_timeout(POLL_INTERVAL) {
            Ok(result) => self.result = Some(result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.has_panicked = true,
        }
    }

    /// Returns the proposal, or `self` if it is not computed yet.
    ///
    /// # Panics
    /// If the strategy panicked.
    pub(super) fn finish(mut self: Box<Self>) -> Result<ProposalResult, Box<Self>> {
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
