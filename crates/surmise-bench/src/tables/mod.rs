//! Problems that are tables of evaluated configurations.

mod problem;

mod csv;
#[cfg(feature = "real")]
mod trainings;

pub use self::csv::TableColumns;
pub use self::problem::TableProblem;
#[cfg(feature = "real")]
pub use self::trainings::{TrainingTables, default_tables_folder};

#[cfg(test)]
mod tests;
