//! Writes a comparison as an HTML page, a Markdown summary, and CSV files.
//!
//! | file | for |
//! | --- | --- |
//! | `report.html` | pictures and tables, in one self-contained file |
//! | `summary.md` | reading in a terminal or a code review |
//! | `scores.csv` | other programs: a row for each run and checkpoint |
//! | `verdicts.csv` | other programs: a row for each pair of strategies and each case |
//!
//! [`surmise::drawing`] draws the pictures.

mod csv;
mod diagram;
mod figures;
mod tables;

mod summary;

mod html;

mod files;

pub use self::csv::{scores_csv, verdicts_csv};
pub use self::files::write;
pub use self::html::page;
pub use self::summary::summary;
