//! Everything that can go wrong, typed.

use std::fmt;

use crate::journal_error::JournalError;
use crate::outcome::Outcome;
use crate::trial_id::TrialId;

/// One rule that the input broke: where, with which value, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// What is wrong: a parameter's name, or a field's path.
    pub subject: String,
    /// The offending value, as given.
    pub value: String,
    /// The rule that it breaks.
    pub rule: String,
    /// What would make it legal.
    pub remedy: String,
}

impl Violation {
    /// States that `subject` has `value`, which breaks `rule`, and how to mend it.
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

/// Everything that can go wrong, short of a job that failed (which is data, not an error).
///
/// Its `Debug` form is the text for people, because that is what a `main` which returns it shows, and `unwrap`.
#[non_exhaustive]
pub enum Error {
    /// The input broke one or more rules; all of them are listed.
    Invalid(Vec<Violation>),

    /// No trial has this number.
    UnknownTrial(TrialId),

    /// The trial has ended: nothing more can be reported of it, nor asked of it.
    AlreadyEnded(TrialId),

    /// The trial has ended otherwise. Its first outcome counts; what was told now is set aside in the ledger.
    Conflict {
        /// The trial.
        trial: TrialId,
        /// Its outcome.
        kept: Outcome,
        /// What was told.
        told: Outcome,
    },

    /// Trials are numbered in the order in which they are added.
    OutOfTurn {
        /// The number given.
        trial: TrialId,
        /// The number that would be right.
        next: TrialId,
    },

    /// An event cannot have happened after the ones before it.
    BadEvent {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },

    /// A matrix that should be positive definite is not.
    NotPositiveDefinite {
        /// Index of the first pivot that was not positive.
        pivot: usize,
    },

    /// The strategy proposed a point that cannot be tried: not one of the search space's, or one that was asked or told.
    BadProposal(String),

    /// The strategy can make no proposal at all.
    Strategy(String),

    /// The evaluator cannot run jobs; the ledger is intact.
    Evaluator(EvaluatorError),

    /// The study's events cannot be read or kept.
    Journal(JournalError),
}

impl Error {
    /// The rules that were broken, if that is what went wrong.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }

    /// `Ok` if no rule was broken, else all violations in one error.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are violations.
    pub fn unless_empty(violations: Vec<Violation>) -> Result<(), Self> {
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
            Self::Conflict { trial, kept, told } => write!(
                f,
                "trial {trial} has ended as {kept:?}, which counts; {told:?}, which was told later, is set aside"
            ),
            Self::OutOfTurn { trial, next } => {
                write!(f, "trial {trial} is out of turn: the next one is number {next}")
            }
            Self::BadEvent { index, reason } => {
                write!(f, "event {index} cannot follow the events before it: {reason}")
            }
            Self::NotPositiveDefinite { pivot } => {
                write!(f, "matrix is not positive definite: pivot {pivot} is not positive")
            }
            Self::BadProposal(what) => {
                write!(f, "the strategy proposed what cannot be tried: {what}")
            }
            Self::Strategy(why) => write!(f, "the strategy cannot go on: {why}"),
            Self::Evaluator(error) => write!(f, "the evaluator cannot go on: {error}"),
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

/// Why an evaluator cannot run jobs at all. (One job that fails is an outcome, not an error.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatorError {
    /// For people: what is broken, and what to do about it.
    pub reason: String,
}

impl fmt::Display for EvaluatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for EvaluatorError {}

impl EvaluatorError {
    /// An error for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
