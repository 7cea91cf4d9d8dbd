//! What every acquisition promises.

use std::fmt;

use super::findings::{Breaches, Findings, Promise, guarded};
use crate::acquisition::{Acquisition, Worth};

const SOUND: Promise = Promise {
    what: "the worth is a number or minus infinity, without a panic",
    remedy: "use forms that are safe in the tails, such as `surmise::acquisition::log_improvement`",
};
const FINITE: Promise = Promise {
    what: "where the worth is finite, so are its slopes",
    remedy: "divide out what overflows; `surmise::acquisition::log_improvement` has slopes too",
};
const PURE: Promise = Promise {
    what: "the same mean, deviation and incumbent give the same worth",
    remedy: "compute it from the three arguments alone",
};
const BETTER: Promise = Promise {
    what: "to expect less loss is never worth less",
    remedy: "smaller losses are better: look for a sign",
};
const SLOPE_MEAN: Promise = Promise {
    what: "the slope by the mean is what the worth gains per unit of it",
    remedy: "differentiate the worth as it is written, a logarithm included",
};
const SLOPE_DEVIATION: Promise = Promise {
    what: "the slope by the deviation is what the worth gains per unit of it",
    remedy: "differentiate the worth as it is written, a logarithm included; it is by the deviation, not the variance",
};

/// Means and incumbents, in standardized losses.
const LOSSES: [f64; 9] = [-1e4, -30.0, -4.0, -1.0, -0.05, 0.7, 3.0, 40.0, 1e4];
const DEVIATIONS: [f64; 6] = [1e-6, 1e-3, 0.05, 0.4, 1.0, 30.0];
/// Share of the deviation over which a difference is taken.
const STEP: f64 = 1e-4;

/// Checks what every [`Acquisition`] promises, on means, deviations and incumbents of any size.
///
/// Slopes are compared with central differences where the worth is smooth: a worth may have kinks.
///
/// ```
/// surmise::conformance::check_acquisition(&surmise::LogExpectedImprovement).unwrap();
/// ```
///
/// # Errors
/// [`Breaches`] lists every promise that was not kept, with the first place where.
pub fn check_acquisition(acquisition: &dyn Acquisition) -> Result<(), Breaches> {
    let mut findings = Findings::default();
    for incumbent in LOSSES {
        for mean in LOSSES {
            for deviation in DEVIATIONS {
                Place { acquisition, mean, deviation, incumbent }.check(&mut findings);
            }
        }
    }
    findings.into_result()
}

/// Where an acquisition is looked at.
struct Place<'a> {
    acquisition: &'a dyn Acquisition,
    mean: f64,
    deviation: f64,
    incumbent: f64,
}

impl Place<'_> {
    fn check(&self, findings: &mut Findings) {
        let worth = match self.worth(0.0, 0.0) {
            Ok(worth) => worth,
            Err(message) => {
                findings.check(SOUND, false, || format!("{self}: the panic \"{message}\""));
                return;
            }
        };
        let Worth { value, slope_mean, slope_deviation } = worth;
        let sound = !value.is_nan() && value < f64::INFINITY;
        findings.check(SOUND, sound, || format!("{self}: {value}"));
        let again = self.worth(0.0, 0.0);
        let same = again.as_ref().is_ok_and(|again| format!("{again:?}") == format!("{worth:?}"));
        findings.check(PURE, same, || format!("{self}: first {worth:?}, then {again:?}"));
        if !value.is_finite() {
            return;
        }
        findings.check(FINITE, slope_mean.is_finite() && slope_deviation.is_finite(), || {
            format!("{self}: slopes {slope_mean} and {slope_deviation}")
        });
        if let Ok(better) = self.worth(-self.deviation, 0.0) {
            findings.check(BETTER, better.value >= value - rounding(value), || {
                format!("{self}: {value}, but {} at one deviation less", better.value)
            });
        }
        // A step that the mean's own rounding swallows shows no slope.
        if STEP * self.deviation > 1e-9 * self.mean.abs().max(self.incumbent.abs()) {
            let moved = |step| self.worth(step, 0.0);
            self.compare(SLOPE_MEAN, slope_mean, value, &moved, findings);
        }
        let moved = |step| self.worth(0.0, step);
        self.compare(SLOPE_DEVIATION, slope_deviation, value, &moved, findings);
    }

    fn worth(&self, by_mean: f64, by_deviation: f64) -> Result<Worth, String> {
        let (mean, deviation) = (self.mean + by_mean, self.deviation + by_deviation);
        guarded(|| self.acquisition.worth(mean, deviation, self.incumbent))
    }

    /// Compares a slope with the central difference over one step to either side, unless there is a kink between.
    fn compare(
        &self,
        promise: Promise,
        slope: f64,
        value: f64,
        moved: &dyn Fn(f64) -> Result<Worth, String>,
        findings: &mut Findings,
    ) {
        let step = STEP * self.deviation;
        let (Ok(low), Ok(high)) = (moved(-step), moved(step)) else { return };
        let (back, forth) = ((value - low.value) / step, (high.value - value) / step);
        let difference = 0.5 * (back + forth);
        // Rounding of the worth, and a bend within the step, show in the difference between both sides.
        let unsure = (forth - back).abs() + rounding(value) / step;
        let size = difference.abs().max(slope.abs());
        if unsure <= 0.05 * size {
            let kept = (slope - difference).abs() <= unsure + 1e-3 * size;
            findings.check(promise, kept, || {
                format!("{self}: a slope of {slope}, but the worth gains {difference}")
            });
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, deviation, incumbent, .. } = self;
        write!(f, "at mean {mean}, deviation {deviation} and incumbent {incumbent}")
    }
}

/// How far a value may be off by rounding alone.
fn rounding(value: f64) -> f64 {
    1e-11 * value.abs().max(1.0)
}
