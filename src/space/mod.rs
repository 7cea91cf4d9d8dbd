//! The search space: named parameters with ranges, and their mapping to the unit cube.
//!
//! Users see names, natural units and categories. Strategies see points of `[0, 1]^d`. Only
//! [`SearchSpace::encode`] and [`SearchSpace::decode`] convert between the two. Every point of the
//! cube decodes to a configuration.

mod configuration;
mod scaling;

mod quantization;
mod record;
mod rounding;
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
pub use self::scaling::{ResolvedScaling, ScalingType};
pub use self::search_space::SearchSpace;

#[cfg(test)]
mod tests;
