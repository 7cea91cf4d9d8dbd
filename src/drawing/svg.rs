//! The few shapes that pictures are made of, as SVG.

/// Where a text is anchored.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// At its first letter.
    Start,
    /// In its middle.
    Middle,
    /// At its last letter.
    End,
}

/// The shape of a mark, so that nobody needs its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A disc.
    Disc,
    /// A cross of two lines.
    Cross,
    /// A triangle.
    Triangle,
    /// A ring, larger than the others.
    Ring,
}

/// A picture that is being drawn; lengths are pixels, y grows downwards.
#[derive(Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Colours that colour-blind people can tell apart (Okabe & Ito 2008), the darker ones first, each with a dash pattern of its
/// own so that nobody needs the colour.
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

/// Colour and dash pattern of the series of this number.
fn style(index: usize) -> (&'static str, &'static str) {
    STYLES[index % STYLES.len()]
}

/// The colour of the series of this number.
pub fn colour(series: usize) -> &'static str {
    style(series).0
}

/// Text as it may stand in XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Svg {
    /// An empty picture of this size.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        self.add(&format!(
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="{width}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through points in the style of a series; beyond eight of them, a thicker one.
    #[allow(clippy::cast_precision_loss, reason = "a few series")]
    pub fn curve(&mut self, points: &[(f64, f64)], series: usize) {
        let (colour, dashes) = style(series);
        let width = 1.8 + 1.6 * (series / STYLES.len()) as f64;
        self.add(&format!(
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" stroke-dasharray="{dashes}"/>"#,
            list(points)
        ));
    }

    /// A translucent area in the colour of a series.
    pub fn area(&mut self, outline: &[(f64, f64)], series: usize) {
        let (colour, _) = style(series);
        self.add(&format!(
            r#"<polygon points="{}" fill="{colour}" fill-opacity="0.15" stroke="none"/>"#,
            list(outline)
        ));
    }

    /// A mark in the colour of a series. A page finds it by `data-trial` if it has a number.
    pub fn mark(&mut self, (x, y): (f64, f64), shape: Shape, series: usize, trial: Option<u64>) {
        let (colour, _) = style(series);
        let found = trial.map(|trial| format!(r#" data-trial="{trial}""#)).unwrap_or_default();
        let element = match shape {
            Shape::Disc => {
                format!(r#"<circle{found} cx="{x:.1}" cy="{y:.1}" r="2.6" fill="{colour}"/>"#)
            }
            Shape::Ring => format!(
                r#"<circle{found} cx="{x:.1}" cy="{y:.1}" r="5.5" fill="none" stroke="{colour}" stroke-width="2"/>"#
            ),
            Shape::Cross => format!(
                r#"<path{found} d="M{:.1} {:.1}l6 6m-6 0l6 -6" stroke="{colour}" stroke-width="1.5"/>"#,
                x - 3.0,
                y - 3.0
            ),
            Shape::Triangle => format!(
                r#"<path{found} d="M{x:.1} {:.1}l3.2 5.6h-6.4z" fill="{colour}"/>"#,
                y - 3.2
            ),
        };
        self.add(&element);
    }

    /// A disc in a colour of its own that stands for a trial, by whose number a page finds it.
    pub fn dot(&mut self, (x, y): (f64, f64), fill: &str, trial: u64) {
        self.add(&format!(
            r##"<circle data-trial="{trial}" cx="{x:.1}" cy="{y:.1}" r="4" fill="{fill}" stroke="#555555" stroke-width="0.5"/>"##
        ));
    }

    /// A thin line through points that stands for a trial, by whose number a page finds it.
    pub fn trace(&mut self, points: &[(f64, f64)], colour: &str, opacity: f64, trial: u64) {
        self.add(&format!(
            r#"<polyline data-trial="{trial}" points="{}" fill="none" stroke="{colour}" stroke-width="1.1" stroke-opacity="{opacity:.2}"/>"#,
            list(points)
        ));
    }

    /// A bar that stands for a trial, by whose number a page finds it.
    pub fn bar(&mut self, at: (f64, f64), size: (f64, f64), fill: &str, trial: u64) {
        self.add(&format!(
            r#"<rect data-trial="{trial}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{fill}"/>"#,
            at.0, at.1, size.0, size.1
        ));
    }

    /// A part of an area of many: a rectangle that joins its neighbours.
    pub fn tile(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        self.add(&format!(
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{fill}" shape-rendering="crispEdges"/>"#,
            at.0, at.1, size.0, size.1
        ));
    }

    /// A rectangle without a border.
    pub fn rectangle(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        self.add(&format!(
            r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{fill}" stroke="#ffffff"/>"##,
            at.0, at.1, size.0, size.1
        ));
    }

    /// A text in the colour of all texts.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, size: f64, text: &str) {
        self.coloured_text(at, anchor, (size, "#222222"), text);
    }

    /// A text in a colour of its own.
    pub fn coloured_text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        (size, colour): (f64, &str),
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(&format!(
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{}</text>"#,
            at.0,
            at.1,
            escape(text)
        ));
    }

    /// A text that runs upwards.
    pub fn upright_text(&mut self, at: (f64, f64), size: f64, text: &str) {
        self.add(&format!(
            r##"<text transform="translate({:.1} {:.1}) rotate(-90)" text-anchor="middle" font-size="{size}" fill="#222222">{}</text>"##,
            at.0,
            at.1,
            escape(text)
        ));
    }

    /// The names of series beside samples of their lines, at the places that [`legend_places`] gives.
    pub fn legend(&mut self, places: &[(f64, f64)], names: &[String]) {
        for (series, (name, (x, y))) in names.iter().zip(places).enumerate() {
            self.curve(&[(*x, y - 4.0), (x + SAMPLE, y - 4.0)], series);
            self.text((x + SAMPLE + 5.0, *y), Anchor::Start, LEGEND, name);
        }
    }

    /// The picture, with a description for those who cannot see it.
    pub fn finish(self, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" height=\"{h:.0}\" \
             font-family=\"system-ui, Helvetica, Arial, sans-serif\">\n<title>{}</title>\n{}</svg>\n",
            escape(description),
            self.body,
            w = self.width,
            h = self.height,
        )
    }
}

/// Size of the letters of a legend, and length of the line beside each name.
const LEGEND: f64 = 12.0;
const SAMPLE: f64 = 26.0;

/// Where the entries of a legend stand, in as many rows as the width asks for, from `left` on.
pub fn legend_places(names: &[String], left: f64, width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (left, 16.0);
    let place = |name: &String| {
        let needed = SAMPLE + 5.0 + width_of(name, LEGEND);
        if x + needed > width && x > left {
            (x, y) = (left, y + 18.0);
        }
        let at = (x, y);
        x += needed + 18.0;
        at
    };
    names.iter().map(place).collect()
}

/// About how wide a text is.
#[allow(clippy::cast_precision_loss, reason = "a few letters")]
pub fn width_of(text: &str, size: f64) -> f64 {
    0.62 * size * text.chars().count() as f64
}

fn list(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    pairs.join(" ")
}
