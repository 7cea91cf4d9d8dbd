//! The built-in problems, each with its optimum.
//!
//! | group | problems |
//! | --- | --- |
//! | [`smooth`] | Branin, six-hump camel, Hartmann-3 and -6, Shekel, Styblinski–Tang-10 |
//! | [`rugged`] | Ackley-5, Levy-4, Rosenbrock-4, Rastrigin-3, Griewank-5 |
//! | [`mixed`] | Func2C, Func3C, 40 binary and 2 continuous parameters |
//! | [`engineering`] | pressure vessel, welded beam, speed reducer |
//! | [`training`] | functions like training: logarithmic learning rates, steps, a plateau |
//! | [`hard`] | hard for surrogate models: 100 parameters, heavy tails, a corner, a needle, … |
//! | [`lock_in`] | families of random problems on which searches settle too soon |
//! | [`network`] | a neural network on the diabetes data |
//!
//! Tests compare the functions with BoTorch's at random points, and the optima with the literature.

pub mod network;
mod test_function;

pub mod engineering;
pub mod rugged;
pub mod smooth;
pub mod training;

pub mod hard;
pub mod lock_in;
pub mod mixed;

pub use self::test_function::TestFunction;

#[cfg(test)]
mod tests;
