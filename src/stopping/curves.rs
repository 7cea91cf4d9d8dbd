//! What all trials have reported, and the verdicts that follow.

use super::averages::Averages;
use super::curve::Curve;
use crate::limits::{EarlyStopping, MedianRule, SuccessiveHalving};
use crate::objective::Objective;
use crate::trial::{Outcome, Report, StopCause, Trial, TrialId};
use std::collections::BTreeMap;

/// What all trials of a study have reported, ready for verdicts.
#[derive(Debug, Clone)]
pub struct Curves {
    objective: Objective,
    pub(super) curves: BTreeMap<TrialId, Curve>,
    pub(super) averages: Averages,
}

impl Curves {
    /// What these trials have reported.
    pub fn of<'a>(objective: &Objective, trials: impl IntoIterator<Item = &'a Trial>) -> Self {
        let (objective, averages) = (objective.clone(), Averages::default());
        let mut curves = Self { objective, curves: BTreeMap::new(), averages };
        for trial in trials {
            for report in &trial.reports {
                curves.add(trial.id, *report);
            }
            if let Some(outcome) = &trial.outcome {
                curves.end(trial.id, outcome);
            }
        }
        curves
    }

    /// Takes in a report.
    pub fn add(&mut self, trial: TrialId, report: Report) {
        let loss = self.objective.loss(report.value);
        let curve = self.curves.entry(trial).or_default();
        // The steps between its last one and this one are reached now, too.
        let from =
            curve.last_step().map_or(report.step, |last| report.step.min(last.saturating_add(1)));
        curve.insert(report.step, loss);
        self.averages.reported(trial, report.step, from, &self.curves);
    }

    /// Forgets what a trial has reported: another attempt begins anew.
    pub fn forget(&mut self, trial: TrialId) {
        self.curves.remove(&trial);
        self.averages.forget(trial);
    }

    /// Takes in how a trial ended.
    pub fn end(&mut self, trial: TrialId, outcome: &Outcome) {
        if let (Some(curve), Some(value)) = (self.curves.get_mut(&trial), outcome.value()) {
            curve.end = Some(self.objective.loss(value));
            self.averages.update(trial, curve, curve.last_step().unwrap_or(0));
        }
    }

    /// What a trial that was stopped with loss `last` would probably have come to: that, less what trials before it that ran to their end
    /// still gained from that step on (the median of their gains), but never better than the best of them; `last` if there is none.
    ///
    /// Only those before it speak for it: else every end would change what is said of all that were stopped, and with it all fits to them.
    pub fn projection(&self, trial: TrialId, last: f64) -> f64 {
        let Some(step) = self.curves.get(&trial).and_then(Curve::last_step) else { return last };
        let mut best = f64::INFINITY;
        let mut gains = Vec::new();
        for (_, curve) in self.curves.range(..trial) {
            if let (Some(loss), Some(end)) = (curve.loss_at(step), curve.end) {
                best = best.min(end);
                gains.extend(Some(loss - end).filter(|gain| gain.is_finite()));
            }
        }
        if gains.is_empty() { last } else { (last - median(gains)).max(best.min(last)) }
    }

    /// Whether a trial is to be stopped after its report, and on which figures. Others are looked at up to the trial `horizon`, itself
    /// included; `None` is all.
    ///
    /// Only the furthest step that a trial has reported is judged: a report that comes late is taken in, no more.
    pub fn verdict(
        &self,
        rule: &EarlyStopping,
        trial: TrialId,
        report: Report,
        horizon: Option<TrialId>,
    ) -> Option<StopCause> {
        let own = self.curves.get(&trial)?;
        if own.last_step() != Some(report.step) {
            return None;
        }
        let known = |other: TrialId| horizon.is_none_or(|horizon| other <= horizon);
        match rule {
            EarlyStopping::Off => None,
            EarlyStopping::MedianRule(rule) => {
                let at_step = self.averages.at(report.step);
                let earlier = at_step.partition_point(|(id, _)| *id < trial && known(*id));
                self.by_median(rule, own, report, &at_step[..earlier])
            }
            EarlyStopping::SuccessiveHalving(rule) => {
                let others = self.curves.iter().filter(|(id, _)| **id != trial && known(**id));
                self.by_halving(rule, own, report, others.map(|(_, curve)| curve))
            }
        }
    }

    fn by_median(
        &self,
        rule: &MedianRule,
        own: &Curve,
        Report { step, value }: Report,
        earlier: &[(TrialId, f64)],
    ) -> Option<StopCause> {
        if own.steps.len() as u64 <= rule.grace_steps {
            return None;
        }
        let averages: Vec<f64> = earlier.iter().map(|(_, average)| *average).collect();
        let jobs = averages.len();
        if jobs < rule.grace_population {
            return None;
        }
        let median = median(averages);
        let (_, loss) = *own.steps.last()?;
        let median_value = self.objective.value(median);
        (loss > median).then_some(StopCause::MedianRule { step, value, median: median_value, jobs })
    }

    #[allow(clippy::unused_self, reason = "beside its sibling")]
    fn by_halving<'a>(
        &self,
        rule: &SuccessiveHalving,
        own: &Curve,
        Report { step, value }: Report,
        others: impl Iterator<Item = &'a Curve>,
    ) -> Option<StopCause> {
        if step >= rule.max_resource {
            return Some(StopCause::MaxResource { step, value });
        }
        let rungs = rule.rungs();
        let place = rungs.iter().rposition(|rung| *rung <= step)?;
        let (rung, next) = (rungs[place], rungs.get(place + 1).copied().unwrap_or(u64::MAX));
        let loss = own.on_rung(rung, next)?;
        // A job is judged once on each rung, by its first report there.
        let first = own.steps.iter().find(|(known, _)| *known >= rung).map(|(known, _)| *known);
        if first != Some(step) {
            return None;
        }
        let rivals: Vec<f64> = others.filter_map(|curve| curve.on_rung(rung, next)).collect();
        let jobs = rivals.len() + 1;
        let better = rivals.iter().filter(|rival| **rival < loss).count();
        let room = jobs as u64 / rule.reduction_factor.max(2);
        (room > 0 && better as u64 >= room).then_some(StopCause::SuccessiveHalving {
            step,
            value,
            rung,
            better,
            jobs,
        })
    }
}

/// The middle one, or the mean of the two in the middle; there is at least one.
fn median(mut values: Vec<f64>) -> f64 {
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if is_odd {
        return *upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Half of each, so that two infinite ones have an infinite mean.
    0.5 * lower + 0.5 * *upper
}
