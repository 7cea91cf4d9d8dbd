//! The error type of the crate, and the violations of rules that it lists.

use std::fmt;

use crate::journal_error::JournalError;
use crate::outcome::Outcome;
use crate::trial_id::TrialId;

/// One violation of a rule by the input: the subject, its value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The name of a parameter, or the path of a field.
    pub subject: String,
    /// The invalid value, as the user gave it.
    pub value: String,
    /// The rule that the value violates.
    pub rule: String,
    /// A change that makes the value valid.
    pub remedy: String,
}

impl Violation {
    /// Creates a violation of `rule` by the `value` of `subject`; `remedy` says how to fix it.
    pub fn new(
        subject: impl Into<String>,
        value: impl fmt::Display,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            value: value.to_string(),
            rule: rule.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}: {}; {}", self.subject, self.value, self.rule, self.remedy)
    }
}

/// An error of a study, a strategy, an evaluator or a journal.
///
/// A job that fails is not an error: its failure is the [`Outcome`] of a trial.
///
/// The `Debug` output is the same text as the `Display` output, because `unwrap` shows it, and so
/// does a `main` that returns the error.
#[non_exhaustive]
pub enum Error {
    /// The input violates one or more rules; the field lists all of them.
    Invalid(Vec<Violation>),

    /// The study has no trial with this number.
    UnknownTrial(TrialId),

    /// The trial has already ended, so it takes no further reports and no stop request.
    AlreadyEnded(TrialId),

    /// The trial has already ended with a different outcome.
    ///
    /// The first outcome counts. The study records the second one as a late outcome.
    Conflict {
        /// The number of the trial.
        trial: TrialId,
        /// The first outcome, which counts.
        recorded: Outcome,
        /// The second outcome, which is only recorded.
        reported: Outcome,
    },

    /// A trial was added with a number that is not the next one.
    OutOfOrder {
        /// The number of the added trial.
        trial: TrialId,
        /// The next number, which the study expects.
        next: TrialId,
    },

    /// An event contradicts the events before it.
    InvalidEvent {
        /// The index of the event in the list, counted from 0.
        index: usize,
        /// The contradiction, as text for the user.
        reason: String,
    },

    /// A matrix is not positive definite.
    NotPositiveDefinite {
        /// Index of the first pivot that is not positive, counted from 0.
        pivot: usize,
    },

    /// The strategy proposed a point outside the search space, or one that may not be repeated.
    InvalidProposal(String),

    /// The strategy cannot make a proposal, or its description cannot be read; the text says why.
    Strategy(String),

    /// The evaluator cannot run jobs; the study remains valid.
    Evaluator(EvaluatorError),

    /// The events of the study cannot be read or written.
    Journal(JournalError),
}

impl Error {
    /// Returns the violations of an [`Invalid`](Self::Invalid) error; empty for other errors.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }

    /// Returns `Ok` if there are no violations, and otherwise one error that lists them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are violations.
    pub fn from_violations(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self::Invalid(violations)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(violations) => {
                let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::UnknownTrial(trial) => write!(f, "there is no trial {trial}"),
            Self::AlreadyEnded(trial) => write!(f, "trial {trial} has ended already"),
            Self::Conflict { trial, recorded, reported } => write!(
                f,
                "trial {trial} has already ended with {recorded:?}, which counts; the later \
                 outcome {reported:?} is recorded but not used"
            ),
            Self::OutOfOrder { trial, next } => {
                write!(f, "trial {trial} is out of order: the next trial has number {next}")
            }
            Self::InvalidEvent { index, reason } => {
                write!(f, "event {index} contradicts the events before it: {reason}")
            }
            Self::NotPositiveDefinite { pivot } => {
                write!(f, "the matrix is not positive definite: pivot {pivot} is not positive")
            }
            Self::InvalidProposal(reason) => {
                write!(f, "the strategy made an invalid proposal: {reason}")
            }
            Self::Strategy(reason) => write!(f, "the strategy cannot continue: {reason}"),
            Self::Evaluator(error) => write!(f, "the evaluator cannot continue: {error}"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Evaluator(error) => Some(error),
            Self::Journal(error) => Some(error),
            _ => None,
        }
    }
}

impl From<EvaluatorError> for Error {
    fn from(error: EvaluatorError) -> Self {
        Self::Evaluator(error)
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The reason why an evaluator cannot run any jobs.
///
/// A single job that fails is an [`Outcome`], not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatorError {
    /// The cause and the remedy, as text for the user.
    pub reason: String,
}

impl fmt::Display for EvaluatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for EvaluatorError {}

impl EvaluatorError {
    /// Creates an error with this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
