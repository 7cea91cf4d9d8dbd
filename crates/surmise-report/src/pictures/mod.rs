//! Pictures of a study, each by itself: SVG with a sentence that says the same.

mod axes;
mod colours;
mod picture;
mod shown;

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
mod compared;

pub use self::picture::Picture;
pub(crate) use self::shown::shown;
