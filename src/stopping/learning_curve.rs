//! The learning curve of one trial.

/// The losses of one trial by step, in order.
///
/// A later report at the same step replaces the loss. A loss that is not finite is ∞.
#[derive(Debug, Clone, Default)]
pub(super) struct LearningCurve {
    pub(super) steps: Vec<(u64, f64)>,
    /// For each step, the sum of the losses up to it.
    sums: Vec<f64>,
    /// Final loss of a trial that has ended with a value; such a trial has reached all steps.
    pub(super) final_loss: Option<f64>,
}

impl LearningCurve {
    pub(super) fn insert(&mut self, step: u64, loss: f64) {
        let loss = if loss.is_finite() { loss } else { f64::INFINITY };
        let index = self.steps.partition_point(|(other, _)| *other < step);
        match self.steps.get_mut(index) {
            Some((other, old)) if *other == step => *old = loss,
            _ => self.steps.insert(index, (step, loss)),
        }
        self.sums.truncate(index);
        let mut sum = self.sums.last().copied().unwrap_or(0.0);
        for (_, loss) in &self.steps[index..] {
            sum += loss;
            self.sums.push(sum);
        }
    }

    pub(super) fn last_step(&self) -> Option<u64> {
        self.steps.last().map(|(step, _)| *step)
    }

    /// Returns `true` if the trial has reported at this step or later, or has a final loss.
    pub(super) fn has_reached(&self, step: u64) -> bool {
        self.final_loss.is_some() || self.last_step().is_some_and(|last| last >= step)
    }

    /// Returns the loss at a step, or at the last reported step before it.
    pub(super) fn loss_at(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(other, _)| *other <= step);
        Some(self.steps[count.checked_sub(1)?].1)
    }

    /// Returns the running average ȳ(s): the mean of the losses up to a step.
    #[allow(clippy::cast_precision_loss, reason = "a number of reports")]
    pub(super) fn running_average(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(other, _)| *other <= step);
        Some(self.sums[count.checked_sub(1)?] / count as f64)
    }

    /// Returns the loss of the first report on a rung, which spans the steps `from..below`.
    pub(super) fn first_loss_on_rung(&self, from: u64, below: u64) -> Option<f64> {
        let first = self.steps.partition_point(|(other, _)| *other < from);
        self.steps.get(first).filter(|(step, _)| *step < below).map(|(_, loss)| *loss)
    }
}
