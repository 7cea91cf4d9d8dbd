//! All pictures of a report, in the order of the page.

use super::picture::Picture;
use super::{
    calibration, contours, curves, distribution, history, importance, parallel, rank, slices,
    timeline,
};
use crate::report::Report;

impl Report<'_> {
    /// Returns the pictures that the study has data for, in the order of the page.
    pub fn pictures(&self) -> Vec<Picture> {
        let analysis = self.analysis();
        let mut pictures = vec![history::history(analysis)];
        pictures.extend(curves::curves(analysis));
        if let Some(model) = &analysis.model {
            pictures.push(importance::importance(model));
            pictures.push(slices::slices(analysis, model));
            pictures.extend(contours::contours(analysis, model));
            pictures.extend(rank::rank(analysis, model));
        }
        pictures.extend(parallel::parallel(analysis));
        pictures.extend(distribution::distribution(analysis));
        pictures.extend(timeline::timeline(self));
        pictures
            .extend(analysis.model.as_ref().map(|model| calibration::calibration(analysis, model)));
        pictures
    }
}
