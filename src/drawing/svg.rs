//! SVG pictures: lines, areas, marks and texts.

/// The part of a text that is placed at its position.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// The start of the text.
    Start,
    /// The middle of the text.
    Middle,
    /// The end of the text.
    End,
}

/// The shape of a mark, which distinguishes marks independently of their colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A small filled circle.
    Disc,
    /// A cross of two lines.
    Cross,
    /// A filled triangle pointing up.
    Triangle,
    /// A ring that is larger than the other shapes.
    Ring,
}

/// A picture under construction; lengths are in pixels, and y increases downwards.
#[derive(Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Colors that color-blind people can distinguish (Okabe & Ito 2008), the darker ones first.
///
/// Each color has its own dash pattern, which distinguishes curves without their colors.
const STYLES: [(&str, &str); 8] = [
    ("#0072B2", ""),
    ("#D55E00", "7 3"),
    ("#009E73", "2 2"),
    ("#CC79A7", "9 3 2 3"),
    ("#000000", "12 4"),
    ("#E69F00", "4 2"),
    ("#56B4E9", "1 3"),
    ("#7A7A7A", "6 2 1 2 1 2"),
];

/// Returns the color and the dash pattern of a series.
fn style(index: usize) -> (&'static str, &'static str) {
    STYLES[index % STYLES.len()]
}

/// Returns the color of the series with this number, as hexadecimal RGB.
pub fn color(series: usize) -> &'static str {
    style(series).0
}

/// Escapes a text for XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Svg {
    /// Creates an empty picture of this size in pixels.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// Draws a straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let stroke = format!(r#"stroke="{color}" stroke-width="{width}""#);
        self.add(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" {stroke}/>"#
        ));
    }

    /// Draws a line through points, in the style of a series.
    ///
    /// There are eight styles. The ninth series has the style of the first one with a thicker line,
    /// and so on.
    #[allow(clippy::cast_precision_loss, reason = "a few series")]
    pub fn curve(&mut self, points: &[(f64, f64)], series: usize) {
        let (color, dashes) = style(series);
        let width = 1.8 + 1.6 * (series / STYLES.len()) as f64;
        let points = point_list(points);
        let stroke = format!(r#"stroke="{color}" stroke-width="{width}" stroke-linejoin="round""#);
        self.add(&format!(
            r#"<polyline points="{points}" fill="none" {stroke} stroke-dasharray="{dashes}"/>"#
        ));
    }

    /// Draws a translucent area with this outline, in the color of a series.
    pub fn area(&mut self, outline: &[(f64, f64)], series: usize) {
        let (color, _) = style(series);
        self.add(&format!(
            r#"<polygon points="{}" fill="{color}" fill-opacity="0.15" stroke="none"/>"#,
            point_list(outline)
        ));
    }

    /// Draws a mark in the color of a series, with the attribute `data-trial` if it is a trial.
    pub fn mark(&mut self, (x, y): (f64, f64), shape: Shape, series: usize, trial: Option<u64>) {
        let (color, _) = style(series);
        let data = trial.map(|trial| format!(r#" data-trial="{trial}""#)).unwrap_or_default();
        let stroke = |width: &str| format!(r#"stroke="{color}" stroke-width="{width}""#);
        let element = match shape {
            Shape::Disc => {
                format!(r#"<circle{data} cx="{x:.1}" cy="{y:.1}" r="2.6" fill="{color}"/>"#)
            }
            Shape::Ring => {
                let stroke = stroke("2");
                format!(r#"<circle{data} cx="{x:.1}" cy="{y:.1}" r="5.5" fill="none" {stroke}/>"#)
            }
            Shape::Cross => {
                let (left, top, stroke) = (x - 3.0, y - 3.0, stroke("1.5"));
                format!(r#"<path{data} d="M{left:.1} {top:.1}l6 6m-6 0l6 -6" {stroke}/>"#)
            }
            Shape::Triangle => {
                let top = y - 3.2;
                format!(r#"<path{data} d="M{x:.1} {top:.1}l3.2 5.6h-6.4z" fill="{color}"/>"#)
            }
        };
        self.add(&element);
    }

    /// Draws a disc with this fill color that represents a trial (attribute `data-trial`).
    pub fn dot(&mut self, (x, y): (f64, f64), fill: &str, trial: u64) {
        let circle = format!(r#"<circle data-trial="{trial}" cx="{x:.1}" cy="{y:.1}" r="4""#);
        let stroke = r##"stroke="#555555" stroke-width="0.5""##;
        self.add(&format!(r#"{circle} fill="{fill}" {stroke}/>"#));
    }

    /// Draws a thin line through points that represents a trial (attribute `data-trial`).
    pub fn trace(&mut self, points: &[(f64, f64)], color: &str, opacity: f64, trial: u64) {
        let points = point_list(points);
        let polyline = format!(r#"<polyline data-trial="{trial}" points="{points}" fill="none""#);
        let stroke = format!(r#"stroke="{color}" stroke-width="1.1""#);
        self.add(&format!(r#"{polyline} {stroke} stroke-opacity="{opacity:.2}"/>"#));
    }

    /// Draws a bar with this fill color that represents a trial (attribute `data-trial`).
    pub fn bar(&mut self, at: (f64, f64), size: (f64, f64), fill: &str, trial: u64) {
        let area = area_attributes(at, size);
        self.add(&format!(r#"<rect data-trial="{trial}" {area} fill="{fill}"/>"#));
    }

    /// Draws a rectangle of a heat map, which joins its neighbors without gaps.
    pub fn tile(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        let area = area_attributes(at, size);
        self.add(&format!(r#"<rect {area} fill="{fill}" shape-rendering="crispEdges"/>"#));
    }

    /// Draws a rectangle with a white border.
    pub fn rectangle(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        let area = area_attributes(at, size);
        self.add(&format!(r##"<rect {area} fill="{fill}" stroke="#ffffff"/>"##));
    }

    /// Draws a text in the default color; `size` is the font size in pixels.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, size: f64, text: &str) {
        self.colored_text(at, anchor, (size, "#222222"), text);
    }

    /// Draws a text with this font size in pixels and this color.
    pub fn colored_text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        (size, color): (f64, &str),
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let ((x, y), text) = (at, escape(text));
        let font = format!(r#"text-anchor="{anchor}" font-size="{size}" fill="{color}""#);
        self.add(&format!(r#"<text x="{x:.1}" y="{y:.1}" {font}>{text}</text>"#));
    }

    /// Draws a text that runs upwards, with its middle at `at`.
    pub fn vertical_text(&mut self, at: (f64, f64), size: f64, text: &str) {
        let ((x, y), text) = (at, escape(text));
        let transform = format!("translate({x:.1} {y:.1}) rotate(-90)");
        let font = format!(r##"text-anchor="middle" font-size="{size}" fill="#222222""##);
        self.add(&format!(r#"<text transform="{transform}" {font}>{text}</text>"#));
    }

    /// Draws the names of the series with samples of their lines.
    ///
    /// [`legend_positions`] computes the positions.
    pub fn legend(&mut self, positions: &[(f64, f64)], names: &[String]) {
        for (series, (name, (x, y))) in names.iter().zip(positions).enumerate() {
            self.curve(&[(*x, y - 4.0), (x + SAMPLE_WIDTH, y - 4.0)], series);
            self.text((x + SAMPLE_WIDTH + 5.0, *y), Anchor::Start, LEGEND_FONT_SIZE, name);
        }
    }

    /// Returns the SVG document, with a description for screen readers.
    pub fn finish(self, description: &str) -> String {
        let (w, h) = (self.width, self.height);
        let size = format!(r#"viewBox="0 0 {w:.0} {h:.0}" width="{w:.0}" height="{h:.0}""#);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" {size} \
             font-family=\"system-ui, Helvetica, Arial, sans-serif\">\n\
             <title>{}</title>\n{}</svg>\n",
            escape(description),
            self.body,
        )
    }
}

const LEGEND_FONT_SIZE: f64 = 12.0;
/// Length of the line beside each name of a legend.
const SAMPLE_WIDTH: f64 = 26.0;

/// Returns the positions of the entries of a legend, whose rows start at `left`.
///
/// A new row starts if an entry would end to the right of `width`. All lengths are in pixels.
pub fn legend_positions(names: &[String], left: f64, width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (left, 16.0);
    let next_position = |name: &String| {
        let entry_width = SAMPLE_WIDTH + 5.0 + text_width(name, LEGEND_FONT_SIZE);
        if x + entry_width > width && x > left {
            (x, y) = (left, y + 18.0);
        }
        let position = (x, y);
        x += entry_width + 18.0;
        position
    };
    names.iter().map(next_position).collect()
}

/// Estimates the width of a text in pixels; `size` is the font size in pixels.
#[allow(clippy::cast_precision_loss, reason = "a few letters")]
pub fn text_width(text: &str, size: f64) -> f64 {
    0.62 * size * text.chars().count() as f64
}

fn area_attributes(at: (f64, f64), size: (f64, f64)) -> String {
    let ((x, y), (width, height)) = (at, size);
    format!(r#"x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}""#)
}

fn point_list(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    pairs.join(" ")
}
