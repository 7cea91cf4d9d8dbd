//! Pictures of studies, as SVG, each with an explanation and a summary in words.

mod axes;
mod color_scale;
mod picture;
mod selection;

mod calibration;
mod contours;
mod curves;
mod distribution;
mod history;
mod importance;
mod parallel;
mod rank;
mod slices;
mod timeline;

mod all;
mod comparison;

pub use self::picture::Picture;
pub(crate) use self::selection::select_trials;
