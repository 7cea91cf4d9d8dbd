//! What a request may ask for that cannot be done yet.

use std::fmt;

use surmise::error::{Error, Violation};

/// Something that was asked for, and that Surmise cannot do yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSupported {
    /// What it is.
    pub feature: Feature,
    /// Where it was asked for: a field's path.
    pub path: String,
    /// What was asked for there.
    pub asked: String,
    /// What happens instead.
    pub instead: &'static str,
}

/// What Surmise cannot do yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Tuning several algorithms together.
    SeveralDefinitions,
    /// Choosing ranges and limits.
    Autotune,
    /// Learning from earlier tuning jobs.
    WarmStart,
    /// Ending when little can be gained.
    Convergence,
    /// Whatever a member means that this version does not know.
    UnknownMember,
}

impl fmt::Display for NotSupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, path, asked, instead } = self;
        write!(f, "{feature:?} is not supported yet (`{path}` is {asked}): {instead}")
    }
}

/// Why a request cannot be made a tuning of.
///
/// Its `Debug` form is the text for people, as that of [`Error`].
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// The request broke rules, or the engine has refused what it asks for.
    #[error(transparent)]
    Engine(#[from] Error),
    /// What it asks for cannot be done yet; all of it is listed, also what could have been left out.
    #[error("{}", list(.0))]
    NotSupported(Vec<NotSupported>),
}

impl TuningError {
    /// The rules that were broken, if that is what went wrong.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Engine(error) => error.violations(),
            Self::NotSupported(_) => &[],
        }
    }
}

impl fmt::Debug for TuningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn list(items: &[NotSupported]) -> String {
    items.iter().map(NotSupported::to_string).collect::<Vec<_>>().join("\n")
}
