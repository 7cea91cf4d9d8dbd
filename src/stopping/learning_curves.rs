//! The learning curves of all trials, and the decisions that follow from them.

use super::learning_curve::LearningCurve;
use super::running_averages::RunningAverages;
use crate::limits::{EarlyStopping, MedianRule, SuccessiveHalving};
use crate::objective::Objective;
use crate::trial::{Outcome, Report, StopCause, Trial, TrialId};
use std::collections::BTreeMap;

/// The learning curves of all trials of a study, from which early stopping decides.
///
/// A [`Tuner`](crate::Tuner) keeps one. Use it yourself if you run trials without a tuner:
///
/// ```
/// use surmise::stopping::LearningCurves;
/// use surmise::trial::Report;
/// use surmise::{EarlyStopping, Objective, Outcome, TrialId};
///
/// let rule = EarlyStopping::hyperband(1, 27);
/// let mut curves = LearningCurves::from_trials(&Objective::minimize("loss"), []);
/// // The first two trials continue; of three, only the best one does.
/// for (trial, loss, is_stopped) in [(1, 0.5, false), (2, 0.4, false), (3, 0.9, true)] {
///     let (trial, report) = (TrialId(trial), Report { step: 1, value: loss });
///     curves.add_report(trial, report);
///     assert_eq!(curves.decide(&rule, trial, report, None).is_some(), is_stopped);
/// }
/// curves.finish(TrialId(1), &Outcome::from(0.3));
/// ```
#[derive(Debug, Clone)]
pub struct LearningCurves {
    objective: Objective,
    pub(super) curves: BTreeMap<TrialId, LearningCurve>,
    pub(super) averages: RunningAverages,
}

impl LearningCurves {
    /// Collects the learning curves of these trials.
    pub fn from_trials<'a>(
        objective: &Objective,
        trials: impl IntoIterator<Item = &'a Trial>,
    ) -> Self {
        let (objective, averages) = (objective.clone(), RunningAverages::default());
        let mut curves = Self { objective, curves: BTreeMap::new(), averages };
        for trial in trials {
            for report in &trial.reports {
                curves.add_report(trial.id, *report);
            }
            if let Some(outcome) = &trial.outcome {
                curves.finish(trial.id, outcome);
            }
        }
        curves
    }

    /// Adds a report to the learning curve of a trial.
    pub fn add_report(&mut self, trial: TrialId, report: Report) {
        let loss = self.objective.loss(report.value);
        let curve = self.curves.entry(trial).or_default();
        // The trial has also reached the steps between its last report and this one.
        let from =
            curve.last_step().map_or(report.step, |last| report.step.min(last.saturating_add(1)));
        curve.insert(report.step, loss);
        self.averages.add_report(trial, report.step, from, &self.curves);
    }

    /// Removes the learning curve of a trial, because another attempt starts from scratch.
    pub fn remove(&mut self, trial: TrialId) {
        self.curves.remove(&trial);
        self.averages.remove(trial);
    }

    /// Records the outcome of a trial.
    ///
    /// A trial with a final value counts as having reached all steps.
    pub fn finish(&mut self, trial: TrialId, outcome: &Outcome) {
        if let (Some(curve), Some(value)) = (self.curves.get_mut(&trial), outcome.value()) {
            curve.final_loss = Some(self.objective.loss(value));
            self.averages.update(trial, curve, curve.last_step().unwrap_or(0));
        }
    }

    /// Projects the final loss of a trial that was stopped with the loss `last_loss`.
    ///
    /// Earlier trials with a final loss improved by some amount after the step at which this trial
    /// was stopped. The projection is `last_loss` less the median of these improvements, but not
    /// better than the best of their final losses. Without such trials it is `last_loss`.
    ///
    /// Later trials do not count. Otherwise each new outcome would change the projections of all
    /// stopped trials, and the surrogate models fitted to them.
    pub fn project_final_loss(&self, trial: TrialId, last_loss: f64) -> f64 {
        let Some(step) = self.curves.get(&trial).and_then(LearningCurve::last_step) else {
            return last_loss;
        };
        let mut best = f64::INFINITY;
        let mut improvements = Vec::new();
        for (_, curve) in self.curves.range(..trial) {
            if let (Some(loss), Some(final_loss)) = (curve.loss_at(step), curve.final_loss) {
                best = best.min(final_loss);
                improvements.extend(Some(loss - final_loss).filter(|gain| gain.is_finite()));
            }
        }
        if improvements.is_empty() {
            return last_loss;
        }
        (last_loss - median(improvements)).max(best.min(last_loss))
    }

    /// Decides after a report whether to stop its trial; `None` means that the trial continues.
    ///
    /// The result is the cause of the stop, with the values that were compared. The trial is
    /// compared with trials up to and including number `horizon`, or with all trials for `None`.
    /// Only a report at the trial's last step leads to a decision. An earlier step that arrives
    /// late does not.
    pub fn decide(
        &self,
        rule: &EarlyStopping,
        trial: TrialId,
        report: Report,
        horizon: Option<TrialId>,
    ) -> Option<StopCause> {
        let curve = self.curves.get(&trial)?;
        if curve.last_step() != Some(report.step) {
            return None;
        }
        let is_visible = |other: TrialId| horizon.is_none_or(|horizon| other <= horizon);
        match rule {
            EarlyStopping::Off => None,
            EarlyStopping::MedianRule(rule) => {
                let averages = self.averages.at(report.step);
                let earlier = averages.partition_point(|(id, _)| *id < trial && is_visible(*id));
                self.apply_median_rule(rule, curve, report, &averages[..earlier])
            }
            EarlyStopping::SuccessiveHalving(rule) => {
                let compared =
                    self.curves.iter().filter(|(id, _)| **id != trial && is_visible(**id));
                let other_curves = compared.map(|(_, curve)| curve);
                apply_successive_halving(rule, curve, report, other_curves)
            }
        }
    }

    fn apply_median_rule(
        &self,
        rule: &MedianRule,
        curve: &LearningCurve,
        Report { step, value }: Report,
        earlier: &[(TrialId, f64)],
    ) -> Option<StopCause> {
        if curve.steps.len() as u64 <= rule.grace_steps {
            return None;
        }
        let averages: Vec<f64> = earlier.iter().map(|(_, average)| *average).collect();
        let jobs = averages.len();
        if jobs < rule.grace_population {
            return None;
        }
        let median = median(averages);
        let (_, loss) = *curve.steps.last()?;
        let median_value = self.objective.value(median);
        (loss > median).then_some(StopCause::MedianRule { step, value, median: median_value, jobs })
    }
}

fn apply_successive_halving<'a>(
    rule: &SuccessiveHalving,
    curve: &LearningCurve,
    Report { step, value }: Report,
    other_curves: impl Iterator<Item = &'a LearningCurve>,
) -> Option<StopCause> {
    if step >= rule.max_resource {
        return Some(StopCause::MaxResource { step, value });
    }
    let rungs = rule.rungs();
    let index = rungs.iter().rposition(|rung| *rung <= step)?;
    let (rung, next) = (rungs[index], rungs.get(index + 1).copied().unwrap_or(u64::MAX));
    let loss = curve.first_loss_on_rung(rung, next)?;
    // There is one decision per trial and rung: at the trial's first report on the rung.
    let first = curve.steps.iter().map(|(step, _)| *step).find(|step| *step >= rung);
    if first != Some(step) {
        return None;
    }
    let losses: Vec<f64> =
        other_curves.filter_map(|curve| curve.first_loss_on_rung(rung, next)).collect();
    let jobs = losses.len() + 1;
    let better = losses.iter().filter(|other| **other < loss).count();
    let promoted = jobs as u64 / rule.reduction_factor.max(2);
    (promoted > 0 && better as u64 >= promoted).then_some(StopCause::SuccessiveHalving {
        step,
        value,
        rung,
        better,
        jobs,
    })
}

/// Returns the median of at least one value: the middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if is_odd {
        return *upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Halving first keeps the mean of two infinite values infinite.
    0.5 * lower + 0.5 * *upper
}
