//! Linear and logarithmic axes of a chart, with ticks at round numbers.

use super::number::format_short;

/// An axis of a chart: it maps numbers to positions and chooses ticks.
#[derive(Debug, Clone)]
pub struct PlotAxis {
    /// The label of the axis, drawn beside it.
    pub label: String,
    low: f64,
    high: f64,
    is_logarithmic: bool,
    /// Ticks and labels that replace those at round numbers; empty if there are none.
    custom_ticks: Vec<(f64, String)>,
}

impl PlotAxis {
    /// Creates a linear axis from `low` to `high`.
    ///
    /// If `high` is not above `low`, the axis is centered on `low`.
    pub fn linear(label: impl Into<String>, low: f64, high: f64) -> Self {
        let half = 0.5_f64.max(1e-3 * low.abs());
        let (low, high) = if high > low { (low, high) } else { (low - half, low + half) };
        Self { label: label.into(), low, high, is_logarithmic: false, custom_ticks: Vec::new() }
    }

    /// Creates a logarithmic axis of whole decades that contains `low` and `high`, both above 0.
    pub fn logarithmic(label: impl Into<String>, low: f64, high: f64) -> Self {
        let down = low.log10().floor();
        // The tolerance avoids a further decade if rounding puts `high` just above a power of ten.
        let up = (high.log10() - 1e-9).ceil().max(down + 1.0);
        let (low, high) = (10_f64.powf(down), 10_f64.powf(up));
        Self { label: label.into(), low, high, is_logarithmic: true, custom_ticks: Vec::new() }
    }

    /// Creates a linear axis from `low` to `high` with these ticks and their labels.
    pub fn with_ticks(
        label: impl Into<String>,
        low: f64,
        high: f64,
        ticks: Vec<(f64, String)>,
    ) -> Self {
        Self { custom_ticks: ticks, ..Self::linear(label, low, high) }
    }

    fn transform(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    /// Returns the position of a number on the axis: 0 at the low end and 1 at the high end.
    ///
    /// Numbers beyond an end have the position of that end.
    pub fn position(&self, value: f64) -> f64 {
        let (low, high) = (self.transform(self.low), self.transform(self.high));
        ((self.transform(value) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Returns about `count` round numbers along the axis with their labels.
    ///
    /// An axis made by [`with_ticks`](Self::with_ticks) returns those ticks instead.
    pub fn ticks(&self, count: u32) -> Vec<(f64, String)> {
        if !self.custom_ticks.is_empty() {
            return self.custom_ticks.clone();
        }
        if self.is_logarithmic { self.decade_ticks(count) } else { self.linear_ticks(count) }
    }

    fn decade_ticks(&self, count: u32) -> Vec<(f64, String)> {
        let (low, high) = (self.transform(self.low).round(), self.transform(self.high).round());
        let step = ((high - low) / f64::from(count)).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut decade = low;
        while decade <= high {
            ticks.push((10_f64.powf(decade), decade_label(decade)));
            decade += step;
        }
        ticks
    }

    fn linear_ticks(&self, count: u32) -> Vec<(f64, String)> {
        let min_step = (self.high - self.low) / f64::from(count);
        let power = 10_f64.powf(min_step.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|round| round * power);
        let is_large_enough = |step: &f64| *step >= min_step * (1.0 - 1e-9);
        let step = steps.into_iter().find(is_large_enough).unwrap_or(min_step);
        let first = (self.low / step - 1e-9).ceil();
        // Limit the number of ticks, because far from 0 rounding may make a step vanish.
        let ticks = (0..=count + 1).map(|index| (first + f64::from(index)) * step);
        let inside = ticks.filter(|value| *value <= self.high + 1e-9 * step);
        // Replace −0 and rounding errors near 0 by 0.
        let rounded = inside.map(|value| if value.abs() < 1e-9 * step { 0.0 } else { value });
        rounded.map(|value| (value, label(value, step))).collect()
    }
}

/// Formats a tick with as many digits as the step between ticks needs.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few digits")]
fn label(value: f64, step: f64) -> String {
    if value.abs() >= 1e6 || step < 1e-4 {
        return format_short(value);
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

fn decade_label(decade: f64) -> String {
    match decade {
        d if d.abs() < 0.5 => "1".to_owned(),
        d if (d + 1.0).abs() < 0.5 => "0.1".to_owned(),
        d if (d - 1.0).abs() < 0.5 => "10".to_owned(),
        d if (d - 2.0).abs() < 0.5 => "100".to_owned(),
        d => format!("1e{d:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &PlotAxis, count: u32) -> Vec<String> {
        axis.ticks(count).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_few_round_numbers() {
        assert_eq!(labels(&PlotAxis::linear("", 0.0, 60.0), 4), ["0", "20", "40", "60"]);
        assert_eq!(labels(&PlotAxis::linear("", -0.3, 0.6), 4), ["0.0", "0.5"]);
        assert_eq!(labels(&PlotAxis::linear("", 1.0, 1.0), 2), ["0.5", "1.0", "1.5"]);
        assert_eq!(
            labels(&PlotAxis::logarithmic("", 2e-3, 5.0), 9),
            ["1e-3", "1e-2", "0.1", "1", "10"]
        );
        assert_eq!(
            labels(&PlotAxis::logarithmic("", 1e-8, 1.0), 4),
            ["1e-8", "1e-6", "1e-4", "1e-2", "1"]
        );
        for (low, high) in [(1e16, 1e16 + 2.0), (1e300, 1e300)] {
            let axis = PlotAxis::linear("", low, high);
            assert!(axis.ticks(5).len() <= 7 && axis.position(low).is_finite());
        }
        for (low, high) in [(0.0, 1e-9), (-1e12, 3.0), (5.0, 7.0), (0.0, 1.0)] {
            let count = PlotAxis::linear("", low, high).ticks(5).len();
            assert!((2..=6).contains(&count), "{low} to {high}: {count}");
        }
    }

    #[test]
    fn positions_are_from_0_to_1() {
        let axis = PlotAxis::logarithmic("", 0.01, 1.0);
        assert!((axis.position(0.1) - 0.5).abs() < 1e-12);
        assert_eq!((axis.position(0.0), axis.position(f64::INFINITY)), (0.0, 1.0));
        let axis = PlotAxis::linear("", -1.0, 3.0);
        assert!((axis.position(0.0) - 0.25).abs() < 1e-12);
    }
}
