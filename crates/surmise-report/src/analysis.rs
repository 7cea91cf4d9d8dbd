//! The analysis of a study.

use surmise::{Study, Trial};

use crate::calibration::Calibration;
use crate::importance::Importance;
use crate::slices::Slice;
use crate::surrogate::Surrogate;

/// The analysis of a study: which parameters matter, how the metric changes, and what to do next.
///
/// It fits a model, a Gaussian process, to all values of the study; any strategy may have proposed
/// them. It computes everything once; the methods only read the results.
///
/// ```
/// use surmise::{
///     AskOutcome, Objective, Outcome, ParameterRange, RandomSearch, ScalingType, SearchSpace,
///     Study, StudySettings,
/// };
/// use surmise_report::Analysis;
///
/// # fn main() -> Result<(), surmise::Error> {
/// let space = SearchSpace::new([
///     ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic),
///     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
/// ])?;
/// let objective = Objective::minimize("loss");
/// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
/// if let AskOutcome::Trials(trials) = study.ask(30)? {
///     for trial in trials {
///         let loss = (trial.configuration.float("rate").log10() + 2.0).powi(2);
///         study.tell(trial.id, Outcome::from(loss))?;
///     }
/// }
///
/// let analysis = Analysis::new(&study);
/// for finding in analysis.findings() {
///     println!("{} {}", finding.message, finding.advice);
/// }
/// let model = analysis.model.as_ref().expect("30 different values");
/// let most_important = &model.importance.parameters[0];
/// assert_eq!(most_important.name, "rate");
/// assert!(most_important.total.mean > 0.5);
/// # Ok(())
/// # }
/// ```
///
/// # Common mistakes
///
/// - *Shares that are read without the model's quality.* If [`Calibration::explained_variance`] is
///   small, importance and slices are not reliable. [`Importance::warning`] warns of it.
/// - *Unwrapping [`model`](Self::model).* It is `None` with fewer than five values, or if all
///   values are equal. The findings then have the reason.
/// - *A best value that is taken as the result.* Under noise, the best value of many trials is
///   partly luck. [`Surrogate::predict`] has the value to expect, and [`Study::recommended`] the
///   trial to use.
///
/// Continue with [`Report`](crate::Report), which makes a page and pictures of an analysis, and
/// [`Comparison`](crate::Comparison) for several studies.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// The study that is analyzed.
    pub study: &'a Study,
    /// The model of the values; `None` with fewer than five values, or if all values are equal.
    ///
    /// It is also `None` in the rare case that no Gaussian process can be fitted.
    pub model: Option<ModelAnalysis>,
}

/// A model of a study's values, and the results that are computed from it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ModelAnalysis {
    /// The Gaussian process of the values.
    pub surrogate: Surrogate,
    /// The share of the variance that each parameter explains.
    pub importance: Importance,
    /// The predicted metric along each parameter.
    pub slices: Vec<Slice>,
    /// The errors of the model on values that it has not seen.
    pub calibration: Calibration,
}

impl<'a> Analysis<'a> {
    /// Analyzes a study; this takes about a second at 100 values of 10 parameters.
    pub fn new(study: &'a Study) -> Self {
        let model = Surrogate::fit(study).map(|surrogate| ModelAnalysis {
            importance: surrogate.importance(),
            slices: surrogate.slices(),
            calibration: surrogate.calibration(),
            surrogate,
        });
        Self { study, model }
    }

    /// Returns the trials in order, without those that the end of the tuning interrupted.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &'a Trial> {
        self.study.trials().iter().filter(|trial| !trial.needs_rerun())
    }

    /// Returns the losses of the completed jobs, the smallest first.
    pub(crate) fn sorted_losses(&self) -> Vec<f64> {
        let mut losses: Vec<f64> = self.losses().map(|(_, loss)| loss).collect();
        losses.sort_by(f64::total_cmp);
        losses
    }

    /// Returns the completed jobs with their losses.
    pub(crate) fn losses(&self) -> impl Iterator<Item = (&'a Trial, f64)> {
        let objective = self.study.objective();
        self.jobs().filter_map(|trial| Some((trial, objective.loss(trial.value()?))))
    }
}
