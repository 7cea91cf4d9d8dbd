//! What one trial has reported.

/// Losses of one trial by its steps, in order; of several reports at a step the last one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Curve {
    pub(super) steps: Vec<(u64, f64)>,
    /// Sums of the losses up to each step.
    sums: Vec<f64>,
    /// Its final loss, if it came to its end by itself: then it has got as far as any step.
    pub(super) end: Option<f64>,
}

impl Curve {
    pub(super) fn insert(&mut self, step: u64, loss: f64) {
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

    pub(super) fn last_step(&self) -> Option<u64> {
        self.steps.last().map(|(step, _)| *step)
    }

    pub(super) fn has_reached(&self, step: u64) -> bool {
        self.end.is_some() || self.last_step().is_some_and(|last| last >= step)
    }

    /// The loss at a step, or at the last one before.
    pub(super) fn loss_at(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(known, _)| *known <= step);
        Some(self.steps[count.checked_sub(1)?].1)
    }

    /// ȳ(s).
    #[allow(clippy::cast_precision_loss, reason = "a number of reports")]
    pub(super) fn running_average(&self, step: u64) -> Option<f64> {
        let count = self.steps.partition_point(|(known, _)| *known <= step);
        Some(self.sums[count.checked_sub(1)?] / count as f64)
    }

    /// The loss at the first report on a rung, from its step up to the next rung's.
    pub(super) fn on_rung(&self, from: u64, below: u64) -> Option<f64> {
        let first = self.steps.partition_point(|(known, _)| *known < from);
        self.steps.get(first).filter(|(step, _)| *step < below).map(|(_, loss)| *loss)
    }
}
