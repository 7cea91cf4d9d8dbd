//! The picture of learning curves: the reports of trials, step by step.

use surmise::drawing::{Anchor, Svg, color};
use surmise::{Outcome, Trial};

use super::axes::{integer_axis, metric_axis};
use super::picture::Picture;
use super::selection::select_few_trials;
use crate::analysis::Analysis;
use crate::numbers::to_float;

/// The maximum number of curves in the picture.
const MAX_CURVES: usize = 200;

const LEFT: f64 = 52.0;
const TOP: f64 = 16.0;
const WIDTH: f64 = 830.0;
const HEIGHT: f64 = 280.0;

/// Draws the learning curves; `None` if no trial reported twice.
pub(super) fn curves(analysis: &Analysis<'_>) -> Option<Picture> {
    let study = analysis.study;
    let mut trials: Vec<&Trial> =
        select_few_trials(analysis).into_iter().filter(|trial| trial.reports.len() > 1).collect();
    let all = trials.len();
    if all == 0 {
        return None;
    }
    if all > MAX_CURVES {
        trials = (0..MAX_CURVES).map(|index| trials[index * all / MAX_CURVES]).collect();
    }
    let values = trials.iter().flat_map(|trial| trial.reports.iter().map(|report| report.value));
    let y = metric_axis(study.objective(), values);
    let steps = trials.iter().flat_map(|trial| trial.reports.iter().map(|report| report.step));
    let (first, last) = steps.fold((u64::MAX, 0), |(a, b), step| (a.min(step), b.max(step)));
    let x = integer_axis("step", to_float(first), to_float(last));
    let mut svg = Svg::new(LEFT + WIDTH + 18.0, TOP + HEIGHT + 40.0);
    let x_of = |value| LEFT + WIDTH * x.position(value);
    let y_of = |value| TOP + HEIGHT * (1.0 - y.position(value));
    for (value, label) in x.ticks(8) {
        svg.text((x_of(value), TOP + HEIGHT + 14.0), Anchor::Middle, 10.0, &label);
    }
    for (value, label) in y.ticks(6) {
        svg.line((LEFT, y_of(value)), (LEFT + WIDTH, y_of(value)), "#e6e6e6", 1.0);
        svg.text((LEFT - 5.0, y_of(value) + 3.5), Anchor::End, 10.0, &label);
    }
    svg.text((LEFT + WIDTH / 2.0, TOP + HEIGHT + 30.0), Anchor::Middle, 10.5, "step");
    svg.vertical_text((11.0, TOP + HEIGHT / 2.0), 10.5, &y.label);
    let best = study.best().map(|best| best.id);
    // The curve of the best trial is drawn last, on top.
    trials.sort_by_key(|trial| Some(trial.id) == best);
    for trial in &trials {
        let points: Vec<(f64, f64)> = trial
            .reports
            .iter()
            .filter(|report| report.value.is_finite())
            .map(|report| (x_of(to_float(report.step)), y_of(report.value)))
            .collect();
        let (series, opacity) = match &trial.outcome {
            _ if Some(trial.id) == best => (0, 1.0),
            Some(Outcome::Stopped { .. }) => (1, 0.6),
            Some(Outcome::Failed(_)) => (3, 0.6),
            _ => (7, 0.5),
        };
        svg.trace(&points, color(series), opacity, trial.id.0);
    }
    let is_stopped = |trial: &&&Trial| matches!(trial.outcome, Some(Outcome::Stopped { .. }));
    let summary = format!(
        "Learning curves of {} trials from step {first} to {last}; {} of them were stopped early.",
        trials.len(),
        trials.iter().filter(is_stopped).count()
    );
    Some(Picture {
        name: "curves",
        title: "Learning curves".to_owned(),
        explanation: "The blue curve is the best trial. Orange trials were stopped early, pink \
                      ones failed; all other ones are gray. Far worse values than most are drawn \
                      at the end of the axis."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}
