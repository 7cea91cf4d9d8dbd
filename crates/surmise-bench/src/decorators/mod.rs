//! Problems made harder, or moved. Each wraps a problem and is one itself, so that they can be put around each other.
//!
//! What moves a problem ([`Shifted`], [`Rotated`], [`Reordered`]) leaves its optimum's value as it is; [`Offset`] moves that.
//! What is random draws its numbers before the problem inside does, and as many wherever it is evaluated, so that the k-th evaluation of a
//! repetition meets the same noise, failure and duration whatever is evaluated.

mod chance;
mod curves;
pub(super) mod geometry;

pub use self::chance::{Durations, Failing, Noisy, Slow};
pub use self::curves::LearningCurves;
pub use self::geometry::{Offset, Reordered, Rotated, Shifted};

#[cfg(test)]
mod tests;
