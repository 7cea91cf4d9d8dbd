//! Reports about a tuning: importance of parameters, findings, pictures and an HTML page.
//!
//! [`Analysis::new`] fits a Gaussian process to all values of a study, with any strategy:
//!
//! | question | answer |
//! | --- | --- |
//! | Which parameters matter, and which ones interact? | [`Importance`] |
//! | How does the metric change along one parameter? | [`Slice`] |
//! | Can I trust the model? | [`Calibration`] |
//! | What should I do next? | [`Analysis::findings`] |
//!
//! [`Report`] makes a page and pictures of an analysis, [`Comparison`] of several studies. All
//! values have the unit and the direction of the metric. The numbers depend on the study only, not
//! on the number of threads.
//!
//! Start with [`Analysis`], which has an example.

mod numbers;

mod surrogate;

mod calibration;
mod importance;
mod slices;

mod analysis;

mod findings;

mod comparison;
mod report;

mod pictures;

mod page;

pub use self::analysis::{Analysis, ModelAnalysis};
pub use self::calibration::{Calibration, Coverage, LeaveOneOutPrediction};
pub use self::comparison::{Comparison, StudySummary};
pub use self::findings::{Finding, FindingKind};
pub use self::importance::{Importance, Interaction, ParameterImportance, Share};
pub use self::pictures::Picture;
pub use self::report::Report;
pub use self::slices::{Slice, SlicePoint};
pub use self::surrogate::{PredictionInterval, Surrogate};
