//! What is tuned: named ranges in natural units, and the gate between them and the unit cube.
//!
//! Outside are names, units and categories; inside are points of `[0, 1]^d`. [`SearchSpace::encode`] and
//! [`SearchSpace::decode`] are the only translators. Every point of the cube decodes to a configuration.

mod configuration;
mod scaling;

mod digits;
mod lattice;
mod record;
mod violations;

mod categorical;
mod continuous;
mod integer;

mod range;

mod search_space;

mod grid;

pub use self::categorical::CategoricalParameterRange;
pub use self::configuration::{Configuration, ParameterValue};
pub use self::continuous::ContinuousParameterRange;
pub use self::grid::GridLevels;
pub use self::integer::IntegerParameterRange;
pub use self::range::ParameterRange;
pub use self::scaling::{Scale, ScalingType};
pub use self::search_space::SearchSpace;

#[cfg(test)]
mod tests;
