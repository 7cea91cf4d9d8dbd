//! All learners, in the order of the documentation.

use super::classifiers::{forest_digits, neighbors_digits, svc_cancer};
use super::learner::Learner;
use super::regressors::{elastic_diabetes, svr_diabetes, trees_diabetes};

/// Returns all six learners.
pub fn learners() -> Vec<Learner> {
    vec![
        svc_cancer(),
        forest_digits(),
        neighbors_digits(),
        svr_diabetes(),
        elastic_diabetes(),
        trees_diabetes(),
    ]
}
