//! The picture of all trials, with the best value so far and the predictions of the strategy.

use surmise::drawing::{Chart, Curve, Mark, Shape, grid};
use surmise::{Outcome, Study, Trial};

use super::axes::{integer_axis, metric_axis};
use super::picture::Picture;
use super::selection::select_trials;
use crate::analysis::Analysis;
use crate::numbers::{format_number, to_float};

pub(super) fn history(analysis: &Analysis<'_>) -> Picture {
    let study = analysis.study;
    let objective = study.objective();
    let value = |trial: &Trial| trial.value().or(trial.last_reported_value());
    let y = metric_axis(objective, study.trials().iter().filter_map(Trial::value));
    let best_curve = best_so_far(study);
    let improvements = best_curve.len().saturating_sub(2);
    let last = study.trials().last().map_or(1.0, |trial| to_float(trial.id.0));
    let mut marks = Vec::new();
    let mut predictions = Vec::new();
    for trial in select_trials(analysis) {
        let id = to_float(trial.id.0);
        let (shape, series, drawn_value) = match (&trial.outcome, value(trial)) {
            (Some(Outcome::Completed { .. }), Some(value)) => (Shape::Disc, 4, value),
            (Some(Outcome::Stopped { .. }), Some(value)) => (Shape::Triangle, 5, value),
            // Failed trials are drawn at the end of the axis with the worst values.
            (Some(Outcome::Failed(_)), _) => (Shape::Cross, 1, objective.value(f64::MAX)),
            _ => continue,
        };
        marks.push(Mark { at: (id, drawn_value), shape, series, trial: Some(trial.id.0) });
        if let Some(predicted) = study.why(trial.id).and_then(|why| why.prediction) {
            predictions.push((id, [predicted.median, predicted.low, predicted.high]));
        }
    }
    let names = ["best so far", "prediction of the strategy (68 %)"].map(str::to_owned);
    let mut curves = vec![Curve { series: 0, points: best_curve, is_stepped: true }];
    if !predictions.is_empty() {
        curves.push(Curve { series: 1, points: predictions, is_stepped: false });
    }
    let names = &names[..curves.len()];
    let x = integer_axis("trial", 1.0, last);
    let chart = Chart { title: String::new(), x, y, curves, marks, floor: None };
    let svg = grid(&[chart], names, 1, (900.0, 340.0));
    let summary = match study.best() {
        Some(best) => format!(
            "{} trials. The best value improved {} times, last in trial {}, which has {} = {}.",
            study.trials().len(),
            improvements,
            best.id,
            objective.metric_name,
            format_number(best.value().unwrap_or(f64::NAN))
        ),
        None => format!("{} trials. None of them has a value.", study.trials().len()),
    };
    let drawn = select_trials(analysis).len();
    let summary = match study.trials().len() {
        all if all > drawn => format!(
            "{summary} {drawn} are drawn: the best, the last, and an even selection of the rest."
        ),
        _ => summary,
    };
    Picture {
        name: "history",
        title: "All trials".to_owned(),
        explanation: "Discs are completed trials, triangles are trials that were stopped early \
                      (with their last value), crosses are failed trials. Far worse values than \
                      most are drawn at the end of the axis."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    }
}

/// Returns the best value after each improvement, and at the last trial.
pub(super) fn best_so_far(study: &Study) -> Vec<(f64, [f64; 3])> {
    let mut best: Option<f64> = None;
    let mut points = Vec::new();
    for trial in study.trials() {
        let Some(value) = trial.value() else { continue };
        let loss = study.objective().loss(value);
        if best.is_none_or(|best| loss < best) {
            best = Some(loss);
            points.push((to_float(trial.id.0), [value; 3]));
        }
    }
    if let (Some((_, values)), Some(last)) = (points.last().copied(), study.trials().last()) {
        points.push((to_float(last.id.0), values));
    }
    points
}
