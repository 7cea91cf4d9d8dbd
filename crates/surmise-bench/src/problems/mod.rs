//! The problems of the shipped suite, each with its least value.
//!
//! | group | problems |
//! | --- | --- |
//! | [classic functions](smooth) | Branin, six-hump camel, Hartmann-3 and -6, Shekel, Styblinski–Tang-10 |
//! | [with many minima, or a narrow valley](rugged) | Ackley-5, Levy-4, Rosenbrock-4, Rastrigin-3, Griewank-5 |
//! | [of several kinds of parameters](mixed) | Func2C, Func3C, 40 binary and 2 continuous parameters |
//! | [from engineering](engineering) | pressure vessel, welded beam, speed reducer |
//! | [like training](training) | learning rates in logarithmic and reverse logarithmic scale, steps, a plateau |
//! | [hard places](hard) | many dimensions or choices, tails, a corner, a needle, an offset, 12 decades, an island |
//! | [a real learner](network) | a neural network on the diabetes data |
//!
//! What the functions give is checked against BoTorch's at random points, their least values against the literature.

mod formula;
pub mod network;

pub mod engineering;
pub mod rugged;
pub mod smooth;
pub mod training;

pub mod hard;
pub mod mixed;

pub use self::formula::Formula;

#[cfg(test)]
mod tests;
