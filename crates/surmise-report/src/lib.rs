//! What a tuning has learnt: numbers, findings, pictures and a page.
//!
//! [`Analysis::of`] fits a Gaussian process to all that a study has measured, whatever its strategy was, and asks it everything once:
//!
//! | question | answer |
//! | --- | --- |
//! | Which parameters matter, and which act together? | [`Importance`] |
//! | How does the metric change along one parameter? | [`Slice`] |
//! | Can the model be trusted? | [`Calibration`] |
//! | What is remarkable, and what is to be done about it? | [`Analysis::findings`] |
//!
//! [`Report`] makes a page of it, and single pictures. All values are the metric's, in its own unit and direction. The same study gives the same numbers, on any number of threads.
//!
//! ```
//! use surmise::{
//!     Asked, Objective, Outcome, ParameterRange, RandomSearch, ScalingType, SearchSpace, Study, StudySettings,
//! };
//! use surmise_report::Analysis;
//!
//! # fn main() -> Result<(), surmise::Error> {
//! let space = SearchSpace::new([
//!     ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic),
//!     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
//! ])?;
//! let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())?;
//! if let Asked::Trials(trials) = study.ask(30)? {
//!     for trial in trials {
//!         let loss = (trial.configuration.float("rate").log10() + 2.0).powi(2);
//!         study.tell(trial.id, Outcome::from(loss))?;
//!     }
//! }
//!
//! let analysis = Analysis::of(&study);
//! let model = analysis.model.as_ref().expect("30 values are enough");
//! assert_eq!(model.importance.parameters[0].name, "rate");
//! for finding in analysis.findings() {
//!     println!("{} {}", finding.message, finding.advice);
//! }
//! # Ok(())
//! # }
//! ```

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
pub use self::calibration::{Calibration, Coverage, LeftOut};
pub use self::comparison::{Compared, Comparison};
pub use self::findings::{Finding, FindingKind};
pub use self::importance::{Importance, Interaction, ParameterImportance, Share};
pub use self::pictures::Picture;
pub use self::report::Report;
pub use self::slices::{Slice, SlicePlace};
pub use self::surrogate::{Predicted, Surrogate};
