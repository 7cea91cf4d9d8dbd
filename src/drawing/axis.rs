//! From numbers to places on paper: linear and logarithmic axes with ticks at round numbers.

use super::number::short;

/// An axis from its least to its greatest number.
#[derive(Debug, Clone)]
pub struct PlotAxis {
    /// What stands beside it.
    pub label: String,
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Places with their labels, where they are no round numbers.
    given: Vec<(f64, String)>,
}

impl PlotAxis {
    /// From `low` to `high`.
    pub fn linear(label: impl Into<String>, low: f64, high: f64) -> Self {
        let half = 0.5_f64.max(1e-3 * low.abs());
        let (low, high) = if high > low { (low, high) } else { (low - half, low + half) };
        Self { label: label.into(), low, high, logarithmic: false, given: Vec::new() }
    }

    /// Whole decades around `low` and `high`, which are above 0.
    pub fn decades(label: impl Into<String>, low: f64, high: f64) -> Self {
        let down = low.log10().floor();
        // Numbers that are a decade to the last digit need no further one.
        let up = (high.log10() - 1e-9).ceil().max(down + 1.0);
        let (low, high) = (10_f64.powf(down), 10_f64.powf(up));
        Self { label: label.into(), low, high, logarithmic: true, given: Vec::new() }
    }

    /// From `low` to `high`, with labels at given places.
    pub fn labelled(
        label: impl Into<String>,
        low: f64,
        high: f64,
        ticks: Vec<(f64, String)>,
    ) -> Self {
        Self { given: ticks, ..Self::linear(label, low, high) }
    }

    fn warp(&self, value: f64) -> f64 {
        if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    /// Where a number stands: 0 at the low end, 1 at the high one; what is beyond them stands at them.
    pub fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.warp(self.low), self.warp(self.high));
        ((self.warp(value) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Round numbers along the axis with their labels, or the places that were given.
    pub fn ticks(&self, most: u32) -> Vec<(f64, String)> {
        if !self.given.is_empty() {
            return self.given.clone();
        }
        if self.logarithmic { self.decade_ticks(most) } else { self.linear_ticks(most) }
    }

    fn decade_ticks(&self, most: u32) -> Vec<(f64, String)> {
        let (low, high) = (self.warp(self.low).round(), self.warp(self.high).round());
        let step = ((high - low) / f64::from(most)).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut decade = low;
        while decade <= high {
            ticks.push((10_f64.powf(decade), decade_label(decade)));
            decade += step;
        }
        ticks
    }

    fn linear_ticks(&self, most: u32) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / f64::from(most);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power);
        let step = step.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(rough);
        let first = (self.low / step - 1e-9).ceil();
        // Counted, because far from 0 a step may be lost in rounding.
        let ticks = (0..=most + 1).map(|count| (first + f64::from(count)) * step);
        let inside = ticks.filter(|value| *value <= self.high + 1e-9 * step);
        // Not −0, nor a remainder of rounding instead of 0.
        let whole = inside.map(|value| if value.abs() < 1e-9 * step { 0.0 } else { value });
        whole.map(|value| (value, label(value, step))).collect()
    }
}

/// A round number with as many digits as its neighbours need.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few digits")]
fn label(value: f64, step: f64) -> String {
    if value.abs() >= 1e6 || step < 1e-4 {
        return short(value);
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

    fn labels(axis: &PlotAxis, most: u32) -> Vec<String> {
        axis.ticks(most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_not_too_many() {
        assert_eq!(labels(&PlotAxis::linear("", 0.0, 60.0), 4), ["0", "20", "40", "60"]);
        assert_eq!(labels(&PlotAxis::linear("", -0.3, 0.6), 4), ["0.0", "0.5"]);
        assert_eq!(labels(&PlotAxis::linear("", 1.0, 1.0), 2), ["0.5", "1.0", "1.5"]);
        assert_eq!(
            labels(&PlotAxis::decades("", 2e-3, 5.0), 9),
            ["1e-3", "1e-2", "0.1", "1", "10"]
        );
        assert_eq!(
            labels(&PlotAxis::decades("", 1e-8, 1.0), 4),
            ["1e-8", "1e-6", "1e-4", "1e-2", "1"]
        );
        for (low, high) in [(1e16, 1e16 + 2.0), (1e300, 1e300)] {
            let axis = PlotAxis::linear("", low, high);
            assert!(axis.ticks(5).len() <= 7 && axis.place(low).is_finite());
        }
        for (low, high) in [(0.0, 1e-9), (-1e12, 3.0), (5.0, 7.0), (0.0, 1.0)] {
            let count = PlotAxis::linear("", low, high).ticks(5).len();
            assert!((2..=6).contains(&count), "{low} to {high}: {count}");
        }
    }

    #[test]
    fn places_are_within_the_paper() {
        let axis = PlotAxis::decades("", 0.01, 1.0);
        assert!((axis.place(0.1) - 0.5).abs() < 1e-12);
        assert_eq!((axis.place(0.0), axis.place(f64::INFINITY)), (0.0, 1.0));
        let axis = PlotAxis::linear("", -1.0, 3.0);
        assert!((axis.place(0.0) - 0.25).abs() < 1e-12);
    }
}
