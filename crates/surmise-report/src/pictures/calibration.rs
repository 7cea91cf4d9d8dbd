//! The picture of the model's calibration.

use std::collections::HashSet;

use surmise::drawing::{Chart, Curve, Mark, PlotAxis, Shape, format_percent, grid};
use surmise::{Objective, TrialId};

use super::axes::metric_axis;
use super::picture::Picture;
use super::selection::select_trials;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::calibration::Calibration;
use crate::numbers::{normal_quantile, to_float};

pub(super) fn calibration(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Picture {
    let calibration = &model.calibration;
    // The model may use trials that the page does not list.
    let drawn: HashSet<TrialId> = select_trials(analysis).iter().map(|trial| trial.id).collect();
    let charts = [
        value_chart(analysis.study.objective(), calibration, &drawn),
        quantile_chart(calibration, &drawn),
    ];
    let svg = grid(&charts, &["perfect calibration".to_owned()], 2, (420.0, 320.0));
    let coverage: Vec<String> = calibration
        .coverage
        .iter()
        .map(|coverage| {
            let observed = format_percent(coverage.observed);
            let nominal = format_percent(coverage.nominal);
            format!("the {nominal} intervals contain {observed} of the values")
        })
        .collect();
    let summary = format!(
        "{} In leave-one-out predictions, the model explains {} of the variance; {}.",
        describe_coverage(calibration),
        format_percent(calibration.explained_variance.max(0.0)),
        coverage.join(", ")
    );
    Picture {
        name: "calibration",
        title: "Can the model be trusted?".to_owned(),
        explanation: "Each value is predicted from all other values. Left: points on the line are \
                      predicted exactly. Right: points steeper than the line mean that the \
                      intervals are too narrow, flatter ones that they are too wide."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    }
}

/// Describes the coverage in a sentence.
fn describe_coverage(calibration: &Calibration) -> &'static str {
    const TOLERANCE: f64 = 0.1;
    let excess = |level: usize| {
        calibration.coverage.get(level).map_or(0.0, |one| one.observed - one.nominal)
    };
    if excess(2) < -TOLERANCE {
        "The model is overconfident: its intervals are too narrow."
    } else if excess(0) > 2.0 * TOLERANCE {
        "The model is underconfident: its intervals are wider than necessary."
    } else {
        "The intervals of the model are about right."
    }
}

fn mark(at: (f64, f64), trial: TrialId) -> Mark {
    Mark { at, shape: Shape::Disc, series: 4, trial: Some(trial.0) }
}

/// Returns the line on which both coordinates are equal.
fn diagonal(low: f64, high: f64) -> Vec<Curve> {
    vec![Curve { series: 0, points: vec![(low, [low; 3]), (high, [high; 3])], is_stepped: false }]
}

/// Draws observed values over predicted values.
fn value_chart(
    objective: &Objective,
    calibration: &Calibration,
    drawn: &HashSet<TrialId>,
) -> Chart {
    let values = || calibration.predictions.iter().map(|one| one.value);
    let axis = |label: &str| {
        let mut axis = metric_axis(objective, values());
        axis.label = label.to_owned();
        axis
    };
    let min = values().fold(f64::INFINITY, f64::min);
    let max = values().fold(f64::NEG_INFINITY, f64::max);
    let drawn = calibration.predictions.iter().filter(|one| drawn.contains(&one.trial));
    Chart {
        title: "predicted and observed values".to_owned(),
        x: axis("predicted"),
        y: axis("observed"),
        curves: diagonal(min, max),
        marks: drawn.map(|one| mark((one.predicted.median, one.value), one.trial)).collect(),
        floor: None,
    }
}

/// Draws standardized residuals over the quantiles of the normal distribution.
fn quantile_chart(calibration: &Calibration, drawn: &HashSet<TrialId>) -> Chart {
    let mut residuals: Vec<(f64, TrialId)> =
        calibration.predictions.iter().map(|one| (one.standardized, one.trial)).collect();
    residuals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = to_float(residuals.len());
    let quantile = |index: usize| normal_quantile((to_float(index) + 0.5) / count);
    let max = residuals.iter().fold(3.0, |max: f64, one| max.max(one.0.abs())).min(6.0);
    let marks = residuals
        .iter()
        .enumerate()
        .filter(|(_, (_, trial))| drawn.contains(trial))
        .map(|(index, (residual, trial))| mark((quantile(index), *residual), *trial));
    Chart {
        title: "residuals and normal quantiles".to_owned(),
        x: PlotAxis::linear("normal", -3.2, 3.2),
        y: PlotAxis::linear("residual", -max, max),
        curves: diagonal(-3.0, 3.0),
        marks: marks.collect(),
        floor: None,
    }
}
