//! Charts: curves with bands and marks, between two axes.

use super::axis::PlotAxis;
use super::number::format_short;
use super::svg::{Anchor, Shape, Svg, legend_positions};

/// A curve with a band around it.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Number of the series, which selects color and dash pattern.
    pub series: usize,
    /// Points of the curve: x, and the y values of the curve and of both edges of the band.
    pub points: Vec<(f64, [f64; 3])>,
    /// If `true`, draws the curve as steps: each value holds until the next point.
    pub is_stepped: bool,
}

/// A mark in a chart, such as one trial.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Coordinates x and y of the mark, in the units of the axes.
    pub at: (f64, f64),
    /// Shape of the mark.
    pub shape: Shape,
    /// Number of the series, which selects the color.
    pub series: usize,
    /// Number of the trial that the mark represents, for the attribute `data-trial`; may be `None`.
    pub trial: Option<u64>,
}

/// Curves and marks between two axes.
#[derive(Debug)]
pub struct Chart {
    /// Title above the chart.
    pub title: String,
    /// Horizontal axis, below the chart.
    pub x: PlotAxis,
    /// Vertical axis, to the left of the chart.
    pub y: PlotAxis,
    /// Curves with their bands.
    pub curves: Vec<Curve>,
    /// Marks, which are drawn above the curves.
    pub marks: Vec<Mark>,
    /// Smallest y value that the chart shows, with a label at it; `None` draws no label.
    pub floor: Option<f64>,
}

const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 40.0;

impl Chart {
    /// Draws the chart into a rectangle of a picture.
    ///
    /// `at` is the upper left corner of the rectangle, and `size` its width and height, in pixels.
    pub fn draw(&self, svg: &mut Svg, at: (f64, f64), size: (f64, f64)) {
        let (left, top) = (at.0 + LEFT, at.1 + TOP);
        let (width, height) = (size.0 - LEFT - RIGHT, size.1 - TOP - BOTTOM);
        let x = |value| left + width * self.x.position(value);
        let y = |value| top + height * (1.0 - self.y.position(value));
        for (value, label) in self.x.ticks(5) {
            svg.line((x(value), top), (x(value), top + height), "#e6e6e6", 1.0);
            svg.text((x(value), top + height + 14.0), Anchor::Middle, 10.0, &label);
        }
        for (value, label) in self.y.ticks(6) {
            svg.line((left, y(value)), (left + width, y(value)), "#e6e6e6", 1.0);
            svg.text((left - 5.0, y(value) + 3.5), Anchor::End, 10.0, &label);
        }
        svg.line((left, top), (left, top + height), "#666666", 1.0);
        svg.line((left, top + height), (left + width, top + height), "#666666", 1.0);
        svg.text((left, at.1 + 14.0), Anchor::Start, 12.5, &self.title);
        svg.text((left + width / 2.0, top + height + 29.0), Anchor::Middle, 10.5, &self.x.label);
        svg.vertical_text((at.0 + 11.0, top + height / 2.0), 10.5, &self.y.label);
        let line = |curve: &Curve, value_index: usize| -> Vec<(f64, f64)> {
            let mut points: Vec<(f64, f64)> = Vec::new();
            for (at, values) in &curve.points {
                let last = points.last().copied();
                if let Some((_, previous)) = last.filter(|_| curve.is_stepped) {
                    points.push((x(*at), previous));
                }
                points.push((x(*at), y(values[value_index])));
            }
            points
        };
        for curve in &self.curves {
            let mut outline = line(curve, 1);
            outline.extend(line(curve, 2).into_iter().rev());
            svg.area(&outline, curve.series);
        }
        for curve in &self.curves {
            svg.curve(&line(curve, 0), curve.series);
        }
        for mark in &self.marks {
            svg.mark((x(mark.at.0), y(mark.at.1)), mark.shape, mark.series, mark.trial);
        }
        if let Some(floor) = self.floor {
            let text = format!("≤ {}, 0 included", format_short(floor));
            svg.text((left + width, y(floor) - 4.0), Anchor::End, 9.5, &text);
        }
    }
}

/// Draws charts in rows of `columns` below one legend.
///
/// `names` are the names of the series, and `size` is the width and height of a chart in pixels.
#[allow(clippy::cast_precision_loss, reason = "a few charts")]
pub fn grid(charts: &[Chart], names: &[String], columns: usize, size: (f64, f64)) -> Svg {
    let columns = columns.min(charts.len()).max(1);
    let rows = charts.len().div_ceil(columns);
    let width = columns as f64 * size.0;
    let positions = legend_positions(names, LEFT, width);
    let top = 12.0 + positions.last().map_or(0.0, |(_, y)| *y);
    let mut svg = Svg::new(width, top + rows as f64 * size.1);
    svg.legend(&positions, names);
    for (index, chart) in charts.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        chart.draw(&mut svg, (column as f64 * size.0, top + row as f64 * size.1), size);
    }
    svg
}
