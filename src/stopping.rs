//! Which running trials to stop early: the median rule and successive halving.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | yⱼ(s) | loss that trial j reported at step s; ∞ where the metric was not finite |
//! | ȳⱼ(s) | its running average: the mean of its losses at the steps up to s |
//! | v = yₖ(s) | loss of the trial k that is judged |
//! | η | one in so many goes on to the next rung |
//!
//! Median rule: stop if v > median of ȳⱼ(s) over the trials j before k that have got as far as s (Golovin et al. 2017, §3.2.2, with
//! the value at the step in the place of the best one, as SageMaker's guide has it).
//!
//! Successive halving: of the n trials that have reached a rung, k among them, stop k unless fewer than ⌊n ⁄ η⌋ are better, or n < η (Li et
//! al. 2020, algorithm 2, in the form that stops instead of pausing: Klein et al. 2020).
//!
//! A verdict is a function of the curves alone: of which trials are known, and of what they reported.

mod averages;

use std::collections::BTreeMap;

use self::averages::Averages;
use crate::limits::{EarlyStopping, MedianRule, SuccessiveHalving};
use crate::objective::Objective;
use crate::trial::{Outcome, Report, StopCause, Trial, TrialId};

/// What all trials of a study have reported, ready for verdicts.
#[derive(Debug, Clone)]
pub struct Curves {
    objective: Objective,
    curves: BTreeMap<TrialId, Curve>,
    averages: Averages,
}

/// Losses of one trial by its steps, in order; of several reports at a step the last one counts.
#[derive(Debug, Clone, Default)]
struct Curve {
    steps: Vec<(u64, f64)>,
    /// Sums of the losses up to each step.
    sums: Vec<f64>,
    /// Its final loss, if it came to its end by itself: then it has got as far as any step.
    end: Option<f64>,
}

impl Curve {
    fn insert(&mut self, step: u64, loss: f64) {
        let loss = if loss.is_finite() { loss } else { f64::INFINITY };
        let place = self.steps.partition_point(|(known, _)| *known < step);
        match self.steps.get_mut(place) {
            Some((known, old)) if *known == step => *old = loss,
            _ => self.steps.insert(place, (step, loss)),
        }
        self.sums.truncate(place);
        let mut sum = self.sums.last().copied().unwrap_or(0.0);
        for (_, loss) in &self.steps[place..] {
            sum += loss;
            self.sums.push(sum);
        }
    }

    fn last_step(&self) -> Option<u64> {
        self.steps.last().map(|(step, _)| *step)
    }

    fn has_reached(&self, step: u64) -> bool {
        self.end.is_some() || self.last_step().is_some_and(|last| last >= step)
    }

    /// The loss at a step, or at the last one before.
    fn loss_at(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(known, _)| *known <= step);
        Some(self.steps[count.checked_sub(1)?].1)
    }

    /// ȳ(s).
    #[allow(clippy::cast_precision_loss, reason = "a number of reports")]
    fn running_average(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(known, _)| *known <= step);
        Some(self.sums[count.checked_sub(1)?] / count as f64)
    }

    /// The loss at the first report on a rung, from its step up to the next rung's.
    fn on_rung(&self, from: u64, below: u64) -> Option<f64> {
        let first = self.steps.partition_point(|(known, _)| *known < from);
        self.steps.get(first).filter(|(step, _)| *step < below).map(|(_, loss)| *loss)
    }
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

#[cfg(test)]
mod tests;
