//! Pictures as PDF: the elements that `surmise::drawing` draws, in Helvetica.
//!
//! PDF measures from the lower left corner upwards, SVG from the upper left one downwards.

use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use roxmltree::{Document, Node};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const FONT: Ref = Ref::new(4);
const CONTENT: Ref = Ref::new(5);
const TRANSLUCENT: Ref = Ref::new(6);
const FONT_NAME: Name<'_> = Name(b"F");
const STATE_NAME: Name<'_> = Name(b"T");

/// The control points of a quarter circle are at this share of its radius.
const CIRCLE: f32 = 0.552_284_8;

/// Converts a picture; the error names an element that no picture of this crate has.
pub(super) fn from_svg(svg: &str) -> Result<Vec<u8>, String> {
    let document = Document::parse(svg).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let (width, height) = (number(root, "width")?, number(root, "height")?);
    let mut page = Page { content: Content::new(), height };
    for node in root.children().filter(Node::is_element) {
        page.draw(node)?;
    }
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut object = pdf.page(PAGE);
    object.media_box(Rect::new(0.0, 0.0, width, height)).parent(PAGES).contents(CONTENT);
    let mut resources = object.resources();
    resources.fonts().pair(FONT_NAME, FONT);
    resources.ext_g_states().pair(STATE_NAME, TRANSLUCENT);
    resources.finish();
    object.finish();
    let mut font = pdf.type1_font(FONT);
    font.base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    font.finish();
    pdf.ext_graphics(TRANSLUCENT).non_stroking_alpha(0.15);
    pdf.stream(CONTENT, &page.content.finish());
    Ok(pdf.finish())
}

/// The page under construction.
struct Page {
    content: Content,
    height: f32,
}

impl Page {
    fn draw(&mut self, node: Node<'_, '_>) -> Result<(), String> {
        self.content.save_state();
        match node.tag_name().name() {
            "title" => {}
            "line" => {
                let points = [
                    (number(node, "x1")?, number(node, "y1")?),
                    (number(node, "x2")?, number(node, "y2")?),
                ];
                self.path(&points);
                self.paint(node)?;
            }
            "polyline" => {
                self.path(&points(node)?);
                self.paint(node)?;
            }
            "polygon" => {
                self.path(&points(node)?);
                self.content.close_path();
                self.paint(node)?;
            }
            "rect" => {
                let (x, y) = (number(node, "x")?, number(node, "y")?);
                let (width, height) = (number(node, "width")?, number(node, "height")?);
                self.content.rect(x, self.height - y - height, width, height);
                self.paint(node)?;
            }
            "circle" => {
                self.circle(number(node, "cx")?, number(node, "cy")?, number(node, "r")?);
                self.paint(node)?;
            }
            "text" => self.text(node)?,
            other => return Err(format!("the element {other} cannot be drawn as PDF")),
        }
        self.content.restore_state();
        Ok(())
    }

    fn path(&mut self, points: &[(f32, f32)]) {
        for (index, (x, y)) in points.iter().enumerate() {
            let y = self.height - y;
            if index == 0 {
                self.content.move_to(*x, y);
            } else {
                self.content.line_to(*x, y);
            }
        }
    }

    fn circle(&mut self, x: f32, y: f32, r: f32) {
        let (y, c) = (self.height - y, CIRCLE * r);
        self.content.move_to(x + r, y);
        self.content.cubic_to(x + r, y + c, x + c, y + r, x, y + r);
        self.content.cubic_to(x - c, y + r, x - r, y + c, x - r, y);
        self.content.cubic_to(x - r, y - c, x - c, y - r, x, y - r);
        self.content.cubic_to(x + c, y - r, x + r, y - c, x + r, y);
    }

    /// Fills and strokes the current path, as the attributes say; SVG fills with black by default.
    fn paint(&mut self, node: Node<'_, '_>) -> Result<(), String> {
        let is_line = matches!(node.tag_name().name(), "line");
        let fill =
            color(node.attribute("fill").unwrap_or(if is_line { "none" } else { "#000000" }))?;
        let stroke = color(node.attribute("stroke").unwrap_or("none"))?;
        if let Some([r, g, b]) = fill {
            self.content.set_fill_rgb(r, g, b);
            if node.has_attribute("fill-opacity") {
                self.content.set_parameters(STATE_NAME);
            }
        }
        if let Some([r, g, b]) = stroke {
            self.content.set_stroke_rgb(r, g, b);
            let width = node.attribute("stroke-width").map_or(Ok(1.0), parse)?;
            self.content.set_line_width(width).set_line_join(LineJoinStyle::RoundJoin);
            let dashes = node.attribute("stroke-dasharray").unwrap_or_default();
            let dashes: Vec<f32> =
                dashes.split_whitespace().map(parse).collect::<Result<_, _>>()?;
            self.content.set_line_cap(LineCapStyle::ButtCap).set_dash_pattern(dashes, 0.0);
        }
        match (fill, stroke) {
            (Some(_), Some(_)) => self.content.fill_nonzero_and_stroke(),
            (Some(_), None) => self.content.fill_nonzero(),
            (None, Some(_)) => self.content.stroke(),
            (None, None) => self.content.end_path(),
        };
        Ok(())
    }

    fn text(&mut self, node: Node<'_, '_>) -> Result<(), String> {
        let (text, size) = (encoded(node.text().unwrap_or_default()), number(node, "font-size")?);
        let width = size * width(&text);
        let before = match node.attribute("text-anchor") {
            Some("middle") => 0.5 * width,
            Some("end") => width,
            _ => 0.0,
        };
        let matrix = match node.attribute("transform") {
            None => {
                let (x, y) = (number(node, "x")?, self.height - number(node, "y")?);
                [1.0, 0.0, 0.0, 1.0, x - before, y]
            }
            Some(transform) => {
                // The text runs upwards.
                let (x, y) = translation(transform)?;
                [0.0, 1.0, -1.0, 0.0, x, self.height - y - before]
            }
        };
        if let Some([r, g, b]) = color(node.attribute("fill").unwrap_or("#000000"))? {
            self.content.set_fill_rgb(r, g, b);
        }
        self.content.begin_text().set_font(FONT_NAME, size).set_text_matrix(matrix);
        self.content.show(Str(&text)).end_text();
        Ok(())
    }
}

fn parse(text: &str) -> Result<f32, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn number(node: Node<'_, '_>, attribute: &str) -> Result<f32, String> {
    parse(node.attribute(attribute).unwrap_or_default())
}

fn points(node: Node<'_, '_>) -> Result<Vec<(f32, f32)>, String> {
    let pairs = node.attribute("points").unwrap_or_default().split_whitespace();
    let point = |pair: &str| {
        let (x, y) = pair.split_once(',').ok_or_else(|| format!("{pair:?} is not a point"))?;
        Ok((parse(x)?, parse(y)?))
    };
    pairs.map(point).collect()
}

/// Returns the position of a transform `translate(x y) rotate(-90)`.
fn translation(transform: &str) -> Result<(f32, f32), String> {
    let inner = transform.strip_prefix("translate(").and_then(|rest| rest.split(')').next());
    let numbers = inner.and_then(|inner| inner.split_once(' '));
    let (x, y) = numbers.ok_or_else(|| format!("{transform:?} is no translation"))?;
    Ok((parse(x)?, parse(y)?))
}

/// Returns red, green and blue from 0 to 1; `None` for no color.
fn color(text: &str) -> Result<Option<[f32; 3]>, String> {
    let invalid = || format!("{text:?} is not a color");
    let channels: Vec<u8> = if text == "none" {
        return Ok(None);
    } else if let Some(digits) = text.strip_prefix('#').filter(|digits| digits.len() == 6) {
        let channel = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16);
        (0..3).map(channel).collect::<Result<_, _>>().map_err(|_| invalid())?
    } else {
        let inner = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')'));
        let inner = inner.ok_or_else(invalid)?;
        inner.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| invalid())?
    };
    let [r, g, b] = channels.try_into().map_err(|_| invalid())?;
    Ok(Some([r, g, b].map(|channel: u8| f32::from(channel) / 255.0)))
}

/// Encodes a text in the encoding of Windows, as the font has it.
fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for c in text.chars() {
        match c {
            ' '..='~' => bytes.push(c as u8),
            '\u{a0}'..='\u{ff}' => bytes.push(u8::try_from(u32::from(c)).expect("a byte")),
            '–' => bytes.push(0x96),
            '…' => bytes.push(0x85),
            '−' => bytes.push(b'-'),
            '\u{202f}' => bytes.push(b' '),
            '∞' => bytes.extend(b"inf"),
            _ => bytes.push(b'?'),
        }
    }
    bytes
}

/// The widths of the characters 32 to 126 of Helvetica, in thousandths of the font size, as Adobe's
/// font metrics have them.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Returns the width of a text, as a multiple of the font size.
fn width(text: &[u8]) -> f32 {
    let of_byte = |byte: &u8| {
        let index = usize::from(*byte).checked_sub(32);
        f32::from(index.and_then(|index| WIDTHS.get(index)).copied().unwrap_or(556))
    };
    text.iter().map(of_byte).sum::<f32>() / 1000.0
}
