//! The metric along each parameter.

use surmise::drawing::{Chart, Curve, Mark, Shape, grid};
use surmise::{Outcome, Study, Trial};

use super::axes::{metric, parameter, shortened};
use super::picture::Picture;
use super::shown::few_shown;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::numbers::printed;

/// At most so many parameters are drawn, the most important first.
const MOST: usize = 12;

pub(super) fn slices(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Picture {
    let study = analysis.study;
    let space = study.space();
    let trials = few_shown(analysis);
    let chart = |name: &str| {
        let index = space.ranges().iter().position(|range| range.name() == name)?;
        let slice = model.slices.iter().find(|slice| slice.name == name)?;
        let points: Vec<(f64, [f64; 3])> = slice
            .places
            .iter()
            .map(|place| {
                let predicted = place.predicted;
                (place.coordinate, [predicted.median, predicted.low, predicted.high])
            })
            .collect();
        let marks = trials.iter().filter_map(|trial| mark(study, trial, index)).collect();
        let y = metric(study.objective(), study.trials().iter().filter_map(Trial::value));
        let curves = vec![Curve { series: 0, points, stepped: false }];
        let x = parameter(space, index);
        Some(Chart { title: shortened(name, 34), x, y, curves, marks, floor: None })
    };
    let names = model.importance.parameters.iter().take(MOST).map(|each| each.name.as_str());
    let charts: Vec<Chart> = names.filter_map(chart).collect();
    let legend = ["expected through the best configuration, with its 95 % band".to_owned()];
    let svg = grid(&charts, &legend, 3, (300.0, 230.0));
    let sentences: Vec<String> = model
        .importance
        .parameters
        .iter()
        .take(MOST)
        .filter_map(|each| {
            let slice = model.slices.iter().find(|slice| slice.name == each.name)?;
            let loss = |median: f64| study.objective().loss(median);
            let best = slice
                .places
                .iter()
                .min_by(|a, b| loss(a.predicted.median).total_cmp(&loss(b.predicted.median)))?;
            Some(format!("{}: best expected at {}.", each.name, printed(&best.value)))
        })
        .collect();
    let says = sentences.join(" ");
    Picture {
        name: "slices",
        title: "The metric along each parameter".to_owned(),
        reading: "The line is what is expected if one parameter changes and the others are those of the best trial. Dots are trials, crosses failed \
                  ones; their other parameters differ."
            .to_owned(),
        svg: svg.finish(&says),
        says,
    }
}

/// A trial over one of its parameters; nothing of one without a value that has not failed.
fn mark(study: &Study, trial: &Trial, parameter: usize) -> Option<Mark> {
    let coordinate = study.space().encode(&trial.configuration).ok()?[parameter];
    let (shape, series, value) = match (&trial.outcome, trial.value()) {
        (_, Some(value)) => (Shape::Disc, 7, value),
        // At the bad end of the axis.
        (Some(Outcome::Failed(_)), _) => (Shape::Cross, 1, study.objective().value(f64::MAX)),
        _ => return None,
    };
    Some(Mark { at: (coordinate, value), shape, series, trial: Some(trial.id.0) })
}
