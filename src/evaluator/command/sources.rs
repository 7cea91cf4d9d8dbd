//! Where the metric of a program is found.

use std::path::PathBuf;

#[cfg(feature = "regex")]
use crate::pattern::MetricPattern;

/// Where the final value of the metric is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum MetricSource {
    /// The last line of standard output that is not empty: a number, or a step and a number with a blank between them (`7 0.25`, or
    /// `7, 0.25`), or by name (`step=7 value=0.25`; also `epoch`, `round` and `iteration`, and any name for the value).
    #[default]
    LastLine,
    /// The last line of a file in the job's folder that is not empty.
    File(PathBuf),
    /// What an expression finds in the lines of standard output and standard error: its last match in a line. Which of two lines in different
    /// streams came first is not known.
    #[cfg(feature = "regex")]
    Pattern(MetricPattern),
}

/// Where intermediate values of the metric are.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ReportSource {
    /// Nowhere.
    #[default]
    None,
    /// Each line of standard output that is a number, or a step (a whole number) and a number as in [`MetricSource::LastLine`]. Without a step,
    /// they are counted from 1.
    Lines,
    /// The same for the lines of a file in the job's folder, to which the program appends.
    File(PathBuf),
    /// What an expression finds last in each line of standard output and standard error, counted from 1.
    #[cfg(feature = "regex")]
    Pattern(MetricPattern),
    /// The same as [`Pattern`](Self::Pattern), with steps from a second expression. A value belongs to the last step that was found in its own
    /// line or in an earlier line. Before any step is found, values are counted from 1.
    #[cfg(feature = "regex")]
    PatternWithSteps {
        /// Finds the value.
        value: MetricPattern,
        /// Finds the step, a whole number.
        step: MetricPattern,
    },
}

/// Which of the values that a `MetricSource::Pattern` (feature `regex`) finds is the final one. A text with a digit that is no number (`1,050.0`, `71%`) is
/// not passed over: there is no final value if it is found last or, for the least and the greatest, anywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadingOfSeveral {
    /// The last, as SageMaker takes it.
    #[default]
    Last,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
}

/// Of a line, or of a file that is read at its end, so many bytes at its end are looked at.
pub(super) const LONGEST_LINE: usize = 1 << 16;
