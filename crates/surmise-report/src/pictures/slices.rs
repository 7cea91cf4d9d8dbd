//! The picture of slices: the predicted metric along each parameter.

use surmise::drawing::{Chart, Curve, Mark, Shape, grid};
use surmise::{Outcome, Study, Trial};

use super::axes::{metric_axis, parameter_axis, shorten};
use super::picture::Picture;
use super::selection::select_few_trials;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::numbers::format_value;

/// The maximum number of parameters in the picture; the most important ones are drawn.
const MAX_PARAMETERS: usize = 12;

pub(super) fn slices(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Picture {
    let study = analysis.study;
    let space = study.space();
    let trials = select_few_trials(analysis);
    let chart = |name: &str| {
        let index = space.ranges().iter().position(|range| range.name() == name)?;
        let slice = model.slices.iter().find(|slice| slice.name == name)?;
        let points: Vec<(f64, [f64; 3])> = slice
            .points
            .iter()
            .map(|point| {
                let predicted = point.predicted;
                (point.coordinate, [predicted.median, predicted.low, predicted.high])
            })
            .collect();
        let marks = trials.iter().filter_map(|trial| mark(study, trial, index)).collect();
        let y = metric_axis(study.objective(), study.trials().iter().filter_map(Trial::value));
        let curves = vec![Curve { series: 0, points, is_stepped: false }];
        let x = parameter_axis(space, index);
        Some(Chart { title: shorten(name, 34), x, y, curves, marks, floor: None })
    };
    let names =
        model.importance.parameters.iter().take(MAX_PARAMETERS).map(|each| each.name.as_str());
    let charts: Vec<Chart> = names.filter_map(chart).collect();
    let legend = ["prediction through the best configuration, with its 95 % interval".to_owned()];
    let svg = grid(&charts, &legend, 3, (300.0, 230.0));
    let sentences: Vec<String> = model
        .importance
        .parameters
        .iter()
        .take(MAX_PARAMETERS)
        .filter_map(|each| {
            let slice = model.slices.iter().find(|slice| slice.name == each.name)?;
            let loss = |median: f64| study.objective().loss(median);
            let best = slice
                .points
                .iter()
                .min_by(|a, b| loss(a.predicted.median).total_cmp(&loss(b.predicted.median)))?;
            Some(format!("{}: best prediction at {}.", each.name, format_value(&best.value)))
        })
        .collect();
    let summary = sentences.join(" ");
    Picture {
        name: "slices",
        title: "Metric along each parameter".to_owned(),
        explanation: "The line is the predicted metric as a function of one parameter; all other \
                      parameters have the values of the best trial. Dots are trials, crosses are \
                      failed trials; their other parameters differ."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    }
}

/// Returns the mark of a trial over a parameter; `None` if it has no value and did not fail.
fn mark(study: &Study, trial: &Trial, parameter: usize) -> Option<Mark> {
    let coordinate = study.space().encode(&trial.configuration).ok()?[parameter];
    let (shape, series, value) = match (&trial.outcome, trial.value()) {
        (_, Some(value)) => (Shape::Disc, 7, value),
        // Failed trials are drawn at the end of the axis with the worst values.
        (Some(Outcome::Failed(_)), _) => (Shape::Cross, 1, study.objective().value(f64::MAX)),
        _ => return None,
    };
    Some(Mark { at: (coordinate, value), shape, series, trial: Some(trial.id.0) })
}
