//! What happened, as the ledger keeps it.

use serde::{Deserialize, Serialize};

use crate::json_number::option;
use crate::space::Configuration;
use crate::strategy::Proposal;
use crate::trial::{Failure, Outcome, Report, StopCause, TrialId};

/// The version of the form in which events are written. It rises when a reader of this version would misunderstand what a later one
/// writes; a member that is added with a default does not raise it.
pub const EVENT_VERSION: u32 = 1;

/// What happened, in the order in which the study learnt of it.
///
/// As JSON it is an object whose member `event` says which, in form [1](EVENT_VERSION):
/// `{"event":"told","trial":3,"outcome":{"outcome":"completed","value":0.5}}`. Numbers that are not finite are `"NaN"`, `"Infinity"` and
/// `"-Infinity"`; times are `{"secs":…,"nanos":…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// This configuration is to be tried before anything else is proposed.
    Enqueued {
        /// What to run; the strategy chooses what it does not name.
        configuration: Configuration,
        /// Whether it goes before what is enqueued already.
        first: bool,
    },
    /// What was enqueued is not tried: it has been asked for meanwhile, or everything that a part of a configuration may mean has been.
    Dequeued {
        /// What was enqueued.
        configuration: Configuration,
    },
    /// A trial was proposed, by the strategy or out of the queue.
    Asked {
        /// Its number.
        trial: TrialId,
        /// What to run.
        configuration: Configuration,
        /// The reasons.
        proposal: Box<Proposal>,
    },
    /// A configuration that was run elsewhere came with its outcome.
    Observed {
        /// The number it gets here.
        trial: TrialId,
        /// What was run.
        configuration: Configuration,
        /// How it ended.
        outcome: Outcome,
        /// The standard deviation of the value's noise, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option")]
        deviation: Option<f64>,
    },
    /// A running trial reported its metric.
    Reported {
        /// Which trial.
        trial: TrialId,
        /// What it reported.
        report: Report,
    },
    /// The job of a running trial has an address where it can be found again, such as an ARN.
    Located {
        /// Which trial.
        trial: TrialId,
        /// The address of the job of its last attempt.
        place: Box<str>,
    },
    /// A running trial was to be asked to stop.
    StopAsked {
        /// Which trial.
        trial: TrialId,
        /// Why.
        cause: StopCause,
    },
    /// A running trial that was to be asked to stop runs anew, and is not to stop.
    StopWithdrawn {
        /// Which trial.
        trial: TrialId,
    },
    /// An attempt at a trial failed; there will be another one, which begins anew.
    AttemptFailed {
        /// Which trial.
        trial: TrialId,
        /// Why.
        failure: Failure,
    },
    /// A trial ended.
    Told {
        /// Which trial.
        trial: TrialId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something else was told of a trial that had ended, or of an attempt at it that had.
    SetAside {
        /// Which trial.
        trial: TrialId,
        /// What was told.
        outcome: Outcome,
    },
}

// A ledger of a hundred thousand trials and their reports is kept in memory.
const _: () = assert!(size_of::<Event>() <= 64, "an event takes up more than 64 bytes");
