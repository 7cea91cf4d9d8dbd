//! The suite `real`: tuning tasks of real learners.

use std::path::Path;

use crate::learners::learners;
use crate::suite::{Case, HELD_OUT_SINCE, Suite};
use crate::tables::TrainingTables;
use surmise::error::Error;

/// The cases that the engine is not developed with.
const HELD_OUT: [&str; 11] = [
    "hpobench-australian",
    "hpobench-credit_g",
    "hpobench-kc1",
    "hpobench-vehicle",
    "hpolib-parkinsons_telemonitoring",
    "hpolib-slice_localization",
    "nasbench201-cifar100",
    "nasbench201-imagenet",
    "forest-digits",
    "svr-diabetes",
    "trees-diabetes",
];

impl Suite {
    /// Returns 21 tuning tasks of real learners: fifteen tables, and six that are trained here.
    ///
    /// All are noisy. About half of them are held out. `tables` is the folder with the wheel that
    /// `fetch_tables.py` fetches.
    ///
    /// # Errors
    /// The errors of [`TrainingTables`].
    pub fn real(tables: &Path) -> Result<Self, Error> {
        let tables = TrainingTables::open(tables)?;
        let of_table = |name: String| Ok(with_role(tables.read(&name)?.into_case()));
        let cases: Result<Vec<Case>, Error> =
            TrainingTables::names().into_iter().map(of_table).collect();
        Ok(Self::new("real", cases?.into_iter().chain(learner_cases())))
    }
}

/// Returns three of the tables, for the regression check; none of them is held out.
///
/// # Errors
/// The errors of [`TrainingTables`].
pub fn checked_table_cases(tables: &Path) -> Result<Vec<Case>, Error> {
    let tables = TrainingTables::open(tables)?;
    let names = ["hpobench-car", "hpolib-protein_structure", "nasbench201-cifar10"];
    names.iter().map(|name| Ok(tables.read(name)?.into_case())).collect()
}

/// Returns the cases of the learners, which need no tables.
pub fn learner_cases() -> Vec<Case> {
    learners().into_iter().map(|learner| with_role(Case::built_in(learner))).collect()
}

fn with_role(case: Case) -> Case {
    let is_held_out = HELD_OUT.contains(&case.problem().name());
    if is_held_out { case.with_held_out_since(HELD_OUT_SINCE) } else { case }
}
