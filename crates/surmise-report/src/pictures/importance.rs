//! The picture of importance: shares of the variance as bars.

use surmise::drawing::{Anchor, Svg, format_percent, text_width};

use super::axes::shorten;
use super::picture::Picture;
use crate::analysis::ModelAnalysis;
use crate::numbers::to_float;

/// The maximum number of parameters in the picture.
const MAX_PARAMETERS: usize = 20;
const ROW: f64 = 26.0;
const WIDTH: f64 = 520.0;

pub(super) fn importance(model: &ModelAnalysis) -> Picture {
    let all = &model.importance.parameters;
    let parameters = &all[..all.len().min(MAX_PARAMETERS)];
    let widths = parameters.iter().map(|parameter| text_width(&shorten(&parameter.name, 32), 12.0));
    let left = widths.fold(60.0, f64::max) + 16.0;
    let mut svg = Svg::new(left + WIDTH + 120.0, ROW * to_float(parameters.len()) + 34.0);
    for tick in 0..=4_u8 {
        let share = f64::from(tick) / 4.0;
        let x = left + WIDTH * share;
        let bottom = ROW * to_float(parameters.len()) + 8.0;
        svg.line((x, 4.0), (x, bottom), "#e6e6e6", 1.0);
        svg.text((x, bottom + 14.0), Anchor::Middle, 10.0, &format_percent(share));
    }
    for (row, parameter) in parameters.iter().enumerate() {
        let top = 6.0 + ROW * to_float(row);
        let (main, total) = (parameter.main, parameter.total);
        svg.text((left - 8.0, top + 14.0), Anchor::End, 12.0, &shorten(&parameter.name, 32));
        svg.rectangle((left, top + 3.0), (WIDTH * total.mean, 14.0), "#9ecae1");
        svg.rectangle((left, top + 3.0), (WIDTH * main.mean.min(total.mean), 14.0), "#0072B2");
        let end = |sign: f64| left + WIDTH * (total.mean + sign * total.std_dev).clamp(0.0, 1.0);
        svg.line((end(-1.0), top + 10.0), (end(1.0), top + 10.0), "#000000", 1.2);
        let text = format!("{} ± {}", format_percent(total.mean), format_percent(total.std_dev));
        svg.text((left + WIDTH + 12.0, top + 14.0), Anchor::Start, 11.0, &text);
    }
    let shares: Vec<String> = parameters
        .iter()
        .take(3)
        .map(|parameter| format!("{} {}", parameter.name, format_percent(parameter.total.mean)))
        .collect();
    let mut summary = format!("The largest shares of the variance: {}.", shares.join(", "));
    if let Some(warning) = model.importance.warning() {
        summary = format!("{warning} {summary}");
    }
    Picture {
        name: "importance",
        title: "Which parameters matter".to_owned(),
        explanation: "The shares of the metric's variance over the search space that the \
                      parameters explain (functional analysis of variance). Dark: alone. Light: \
                      alone and in interactions. The line is one standard deviation in each \
                      direction."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    }
}
