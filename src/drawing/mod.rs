//! Pictures of numbers as SVG: the few shapes, axes and curves of which a page is made.
//!
//! A critical-difference diagram or a map of scores is in no drawing library, and what is left of one is text.

mod number;
mod page;
mod svg;

mod axis;

mod chart;

pub use self::axis::PlotAxis;
pub use self::chart::{Chart, Curve, Mark, grid};
pub use self::number::{fixed, percent, seconds, short, short_or_none};
pub use self::page::page_style;
pub use self::svg::{Anchor, Shape, Svg, colour, escape, legend_places, width_of};
