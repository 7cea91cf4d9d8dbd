//! The events of a study, and their serialized form.

use serde::{Deserialize, Serialize};

use crate::json_number::optional_number;
use crate::space::Configuration;
use crate::strategy::Proposal;
use crate::trial::{Failure, Outcome, Report, StopCause, TrialId};

/// The version of the serialized form of events.
///
/// It rises when a reader of this version would misread later events. A new field with a default
/// does not raise it.
pub const EVENT_VERSION: u32 = 1;

/// A recorded change of a study.
///
/// As JSON it is an object whose member `event` names the variant, in [version 1](EVENT_VERSION) of
/// the format: `{"event":"told","trial":3,"outcome":{"outcome":"completed","value":0.5}}`. Numbers
/// that are not finite are `"NaN"`, `"Infinity"` and `"-Infinity"`; durations are
/// `{"secs":…,"nanos":…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A configuration was enqueued, to be tried before further proposals.
    Enqueued {
        /// The values to try; the strategy chooses the values of the other parameters.
        configuration: Configuration,
        /// True if it was put ahead of the configurations that were enqueued already.
        first: bool,
    },
    /// An enqueued configuration was removed without a trial: it was tried by another trial, or it
    /// is partial and no untried configuration that completes it was found.
    Dequeued {
        /// The removed configuration, complete or partial.
        configuration: Configuration,
    },
    /// A trial was asked for, from the strategy or from the queue.
    Asked {
        /// The number of the trial.
        trial: TrialId,
        /// The configuration to run.
        configuration: Configuration,
        /// The proposal with its reasons.
        proposal: Box<Proposal>,
    },
    /// The outcome of a configuration that was run elsewhere was added.
    Observed {
        /// The number of the trial in this study.
        trial: TrialId,
        /// The configuration that was run.
        configuration: Configuration,
        /// The outcome of the trial.
        outcome: Outcome,
        /// The standard deviation of the value's noise, in the unit of the metric; `None` if it is
        /// unknown.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            rename = "deviation",
            with = "optional_number"
        )]
        noise_std_dev: Option<f64>,
    },
    /// A running trial reported an intermediate value.
    Reported {
        /// The number of the trial.
        trial: TrialId,
        /// The step and its value.
        report: Report,
    },
    /// The job of a running trial has a location at which it can be found again, such as an ARN.
    Located {
        /// The number of the trial.
        trial: TrialId,
        /// The location of the job of the trial's last attempt.
        #[serde(rename = "place")]
        location: Box<str>,
    },
    /// A stop of a running trial was requested.
    #[serde(rename = "stop_asked")]
    StopRequested {
        /// The number of the trial.
        trial: TrialId,
        /// The reason for the stop request.
        cause: StopCause,
    },
    /// A stop request was withdrawn, because the trial runs again from its beginning.
    StopWithdrawn {
        /// The number of the trial.
        trial: TrialId,
    },
    /// An attempt at a trial failed; another attempt follows, from the beginning.
    AttemptFailed {
        /// The number of the trial.
        trial: TrialId,
        /// The failure of the attempt.
        failure: Failure,
    },
    /// A trial ended with an outcome.
    Told {
        /// The number of the trial.
        trial: TrialId,
        /// The outcome of the trial.
        outcome: Outcome,
    },
    /// A further outcome arrived for a trial, or for an attempt, that had ended.
    #[serde(rename = "set_aside")]
    LateOutcome {
        /// The number of the trial.
        trial: TrialId,
        /// The outcome that arrived late.
        outcome: Outcome,
    },
}

// A study with a hundred thousand trials keeps all its events in memory.
const _: () = assert!(size_of::<Event>() <= 64, "an event takes up more than 64 bytes");
