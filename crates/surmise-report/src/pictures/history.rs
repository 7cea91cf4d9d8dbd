//! Every trial's value, the best so far, and what the strategy's model expected.

use surmise::drawing::{Chart, Curve, Mark, Shape, grid};
use surmise::{Outcome, Study, Trial};

use super::axes::{metric, whole};
use super::picture::Picture;
use super::shown::shown;
use crate::analysis::Analysis;
use crate::numbers::{number, to_float};

pub(super) fn history(analysis: &Analysis<'_>) -> Picture {
    let study = analysis.study;
    let objective = study.objective();
    let value = |trial: &Trial| trial.value().or(trial.last_reported());
    let y = metric(objective, study.trials().iter().filter_map(Trial::value));
    let so_far = best_so_far(study);
    let improvements = so_far.len().saturating_sub(2);
    let last = study.trials().last().map_or(1.0, |trial| to_float(trial.id.0));
    let mut marks = Vec::new();
    let mut expected = Vec::new();
    for trial in shown(analysis) {
        let id = to_float(trial.id.0);
        let (shape, series, at) = match (&trial.outcome, value(trial)) {
            (Some(Outcome::Completed { .. }), Some(value)) => (Shape::Disc, 4, value),
            (Some(Outcome::Stopped { .. }), Some(value)) => (Shape::Triangle, 5, value),
            // At the bad end of the axis.
            (Some(Outcome::Failed(_)), _) => (Shape::Cross, 1, objective.value(f64::MAX)),
            _ => continue,
        };
        marks.push(Mark { at: (id, at), shape, series, trial: Some(trial.id.0) });
        if let Some(expectation) = study.why(trial.id).and_then(|why| why.expected) {
            expected.push((id, [expectation.median, expectation.low, expectation.high]));
        }
    }
    let names = ["best so far", "model's expectation (68 %)"].map(str::to_owned);
    let mut curves = vec![Curve { series: 0, points: so_far, stepped: true }];
    if !expected.is_empty() {
        curves.push(Curve { series: 1, points: expected, stepped: false });
    }
    let names = &names[..curves.len()];
    let x = whole("trial", 1.0, last);
    let chart = Chart { title: String::new(), x, y, curves, marks, floor: None };
    let svg = grid(&[chart], names, 1, (900.0, 340.0));
    let says = match study.best() {
        Some(best) => format!(
            "{} trials; the best value improved {} times, last with trial {}, which has {} = {}.",
            study.trials().len(),
            improvements,
            best.id,
            objective.metric_name,
            number(best.value().unwrap_or(f64::NAN))
        ),
        None => format!("{} trials, none of which has a value.", study.trials().len()),
    };
    let drawn = shown(analysis).len();
    let says = match study.trials().len() {
        all if all > drawn => format!(
            "{says} Of all, {drawn} are drawn: the best, the last and an even choice of the others."
        ),
        _ => says,
    };
    Picture {
        name: "history",
        title: "Every trial".to_owned(),
        reading: "A disc is a completed trial, a triangle one that was stopped early (its last value), a cross one that failed. What is far worse than \
                  most is drawn at the end of the axis."
            .to_owned(),
        svg: svg.finish(&says),
        says,
    }
}

/// The best value after each improvement, and at the last trial.
pub(super) fn best_so_far(study: &Study) -> Vec<(f64, [f64; 3])> {
    let mut best: Option<f64> = None;
    let mut so_far = Vec::new();
    for trial in study.trials() {
        let Some(value) = trial.value() else { continue };
        let loss = study.objective().loss(value);
        if best.is_none_or(|best| loss < best) {
            best = Some(loss);
            so_far.push((to_float(trial.id.0), [value; 3]));
        }
    }
    if let (Some((_, values)), Some(last)) = (so_far.last().copied(), study.trials().last()) {
        so_far.push((to_float(last.id.0), values));
    }
    so_far
}
