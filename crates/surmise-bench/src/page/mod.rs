//! What a person looks at: a page of pictures, a summary, a table.
//!
//! | file | for |
//! | --- | --- |
//! | `report.html` | looking: pictures and tables, in one file that needs nothing from elsewhere |
//! | `summary.md` | reading in a terminal or a review |
//! | `scores.csv`, `verdicts.csv` | other programs: a row a run and checkpoint; a row a pair and problem |
//!
//! The pictures are drawn by [`surmise::drawing`].

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
