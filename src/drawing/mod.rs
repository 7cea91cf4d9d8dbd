//! Charts as SVG: the shapes, axes and curves of the pages of reports and benchmarks.
//!
//! It replaces a plotting library, because none has critical-difference diagrams or maps of scores.

mod number;
mod page;
mod svg;

mod axis;

mod chart;

pub use self::axis::PlotAxis;
pub use self::chart::{Chart, Curve, Mark, grid};
pub use self::number::{
    format_fixed, format_optional, format_percent, format_seconds, format_short,
};
pub use self::page::page_style;
pub use self::svg::{Anchor, Shape, Svg, color, escape, legend_positions, text_width};
