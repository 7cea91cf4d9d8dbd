//! Whether the model can be trusted.

use std::collections::HashSet;

use surmise::drawing::{Chart, Curve, Mark, PlotAxis, Shape, grid, percent};
use surmise::{Objective, TrialId};

use super::axes::metric;
use super::picture::Picture;
use super::shown::shown;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::calibration::Calibration;
use crate::numbers::{normal_quantile, to_float};

pub(super) fn calibration(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Picture {
    let calibration = &model.calibration;
    // The model may be made of others than are shown.
    let drawn: HashSet<TrialId> = shown(analysis).iter().map(|trial| trial.id).collect();
    let charts =
        [observed(analysis.study.objective(), calibration, &drawn), quantiles(calibration, &drawn)];
    let svg = grid(&charts, &["as it should be".to_owned()], 2, (420.0, 320.0));
    let covered: Vec<String> = calibration
        .coverage
        .iter()
        .map(|one| {
            let (observed, wanted) = (percent(one.observed), percent(one.wanted));
            format!("{observed} of the values lie in intervals for {wanted}")
        })
        .collect();
    let says = format!(
        "{} Leaving one out, the model explains {} of the variance; {}.",
        verdict(calibration),
        percent(calibration.explained.max(0.0)),
        covered.join(", ")
    );
    Picture {
        name: "calibration",
        title: "Whether the model can be trusted".to_owned(),
        reading: "Each value is predicted from all others. Left: on the line, it came as expected. Right: off the line, the model is too sure (steeper) or not \
                  sure enough (flatter)."
            .to_owned(),
        svg: svg.finish(&says),
        says,
    }
}

/// What the coverage comes to, in a sentence.
fn verdict(calibration: &Calibration) -> &'static str {
    const FAR: f64 = 0.1;
    let above =
        |level: usize| calibration.coverage.get(level).map_or(0.0, |one| one.observed - one.wanted);
    if above(2) < -FAR {
        "The model is too sure: its intervals are too narrow."
    } else if above(0) > 2.0 * FAR {
        "The model is less sure than it could be: its intervals are wider than they need to be."
    } else {
        "The model is about as sure as it should be."
    }
}

fn mark(at: (f64, f64), trial: TrialId) -> Mark {
    Mark { at, shape: Shape::Disc, series: 4, trial: Some(trial.0) }
}

/// The line on which both coordinates are the same.
fn diagonal(low: f64, high: f64) -> Vec<Curve> {
    vec![Curve { series: 0, points: vec![(low, [low; 3]), (high, [high; 3])], stepped: false }]
}

/// Observed values over those that are expected from the others.
fn observed(objective: &Objective, calibration: &Calibration, drawn: &HashSet<TrialId>) -> Chart {
    let values = || calibration.left_out.iter().map(|one| one.value);
    let axis = |label: &str| {
        let mut axis = metric(objective, values());
        axis.label = label.to_owned();
        axis
    };
    let least = values().fold(f64::INFINITY, f64::min);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    let drawn = calibration.left_out.iter().filter(|one| drawn.contains(&one.trial));
    Chart {
        title: "expected from the others, and observed".to_owned(),
        x: axis("expected"),
        y: axis("observed"),
        curves: diagonal(least, most),
        marks: drawn.map(|one| mark((one.predicted.median, one.value), one.trial)).collect(),
        floor: None,
    }
}

/// Standardized residuals over the quantiles of a normal distribution.
fn quantiles(calibration: &Calibration, drawn: &HashSet<TrialId>) -> Chart {
    let mut residuals: Vec<(f64, TrialId)> =
        calibration.left_out.iter().map(|one| (one.standardized, one.trial)).collect();
    residuals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = to_float(residuals.len());
    let place = |index: usize| normal_quantile((to_float(index) + 0.5) / count);
    let reach = residuals.iter().fold(3.0, |most: f64, one| most.max(one.0.abs())).min(6.0);
    let marks = residuals
        .iter()
        .enumerate()
        .filter(|(_, (_, trial))| drawn.contains(trial))
        .map(|(index, (residual, trial))| mark((place(index), *residual), *trial));
    Chart {
        title: "residuals by those of a normal distribution".to_owned(),
        x: PlotAxis::linear("normal", -3.2, 3.2),
        y: PlotAxis::linear("residual", -reach, reach),
        curves: diagonal(-3.0, 3.0),
        marks: marks.collect(),
        floor: None,
    }
}
