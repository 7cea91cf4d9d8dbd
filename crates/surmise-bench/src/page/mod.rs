//! Writes a comparison as an HTML page, a Markdown summary, and CSV files.
//!
//! | file | for |
//! | --- | --- |
//! | `report.html` | pictures and tables, in one self-contained file |
//! | `summary.md` | reading in a terminal or a code review |
//! | `trajectories.csv` | other programs: a row for each evaluation of each run |
//! | `verdicts.csv` | other programs: a row for each pair of strategies, case and share of the budget |
//!
//! [`surmise::drawing`] draws the pictures.

mod csv;
mod diagram;
mod figures;
mod tables;

mod pictures;

mod summary;

mod html;

mod files;

#[cfg(feature = "export")]
mod export;

pub use self::csv::{trajectories_csv, verdicts_csv};
#[cfg(feature = "export")]
pub use self::export::export;
pub use self::files::write;
pub use self::html::page;
pub use self::summary::summary;
