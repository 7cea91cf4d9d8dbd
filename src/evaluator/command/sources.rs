//! Where the evaluator reads the metric of a program.

use std::path::PathBuf;

#[cfg(feature = "regex")]
use crate::pattern::MetricPattern;

/// Selects where the final value of the metric is read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum MetricSource {
    /// The last line of standard output that is not empty.
    ///
    /// The line is a number, or a step and a number with a space between them (`7 0.25` or
    /// `7, 0.25`). It may also have both by name (`step=7 value=0.25`). The step may also be called
    /// `epoch`, `round` or `iteration`; the value may have any name.
    #[default]
    LastLine,
    /// The last line of a file that is not empty, in the form of [`LastLine`](Self::LastLine). The
    /// path is relative to the job's folder.
    File(PathBuf),
    /// The matches of a regular expression in standard output and standard error; in each line the
    /// last match counts.
    ///
    /// Lines of different streams may be read in any order.
    #[cfg(feature = "regex")]
    Pattern(MetricPattern),
}

/// Selects where intermediate values of the metric are read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ReportSource {
    /// Reads no intermediate values.
    #[default]
    None,
    /// Each line of standard output that has the form of [`MetricSource::LastLine`]. Steps are
    /// whole numbers; values without a step are counted from 1.
    Lines,
    /// Each line of a file to which the program appends, in the form of [`Lines`](Self::Lines). The
    /// path is relative to the job's folder.
    File(PathBuf),
    /// The last match of a regular expression in each line of standard output and standard error.
    /// Steps are counted from 1.
    #[cfg(feature = "regex")]
    Pattern(MetricPattern),
    /// Like [`Pattern`](Self::Pattern), with steps from a second regular expression.
    ///
    /// A value belongs to the last step that was found in its own line or in an earlier line.
    /// Before any step is found, values are counted from 1.
    #[cfg(feature = "regex")]
    PatternWithSteps {
        /// The expression that finds the value.
        value: MetricPattern,
        /// The expression that finds the step, a whole number.
        step: MetricPattern,
    },
}

/// Selects the final value among several matches of a `MetricSource::Pattern` (feature `regex`).
///
/// A match that has a digit and is no number (`1,050.0`, `71%`) is not skipped. If it is the last
/// match, or with [`Min`](Self::Min) and [`Max`](Self::Max) any match, the job has no final value
/// and fails as [`FailureKind::MissingMetric`](crate::FailureKind::MissingMetric).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MatchSelection {
    /// The last match, which SageMaker takes too.
    #[default]
    Last,
    /// The smallest of all matches.
    Min,
    /// The largest of all matches.
    Max,
}

/// Maximum number of bytes that are read at the end of a line, and at the end of a file.
pub(super) const MAX_LINE_BYTES: usize = 1 << 16;
/// Maximum number of characters of a line that a message shows.
pub(super) const MAX_SHOWN_CHARACTERS: usize = 400;
