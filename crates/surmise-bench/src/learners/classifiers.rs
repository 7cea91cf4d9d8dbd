//! Learners of classes; their error is the share of wrong ones.

use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::metrics::distance::{Distance, Distances};
use smartcore::neighbors::KNNWeightFunction;
use smartcore::neighbors::knn_classifier::{KNNClassifier, KNNClassifierParameters};
use smartcore::svm::Kernels;
use smartcore::svm::svc::{SVC, SVCParameters};
use smartcore::tree::decision_tree_classifier::SplitCriterion;

use super::data::{Division, Table};
use super::learner::Learner;
use surmise::space::{Configuration, ParameterRange, ScalingType};

/// The kernel that a configuration names, with the hyperparameters that it uses.
pub(super) fn kernel(c: &Configuration, offset: f64) -> Kernels {
    let gamma = c.float("gamma");
    match c.category("kernel") {
        "linear" => Kernels::linear(),
        "rbf" => Kernels::rbf().with_gamma(gamma),
        "sigmoid" => Kernels::sigmoid().with_gamma(gamma).with_coef0(offset),
        _ => Kernels::polynomial()
            .with_gamma(gamma)
            .with_degree(c.float("degree"))
            .with_coef0(offset),
    }
}

/// A support-vector machine on the breast-cancer data.
pub(super) fn svc_cancer() -> Learner {
    let ranges = [
        ParameterRange::categorical("kernel", ["linear", "sigmoid", "polynomial", "rbf"]),
        ParameterRange::continuous("c", 1e-3..=100.0, ScalingType::Logarithmic),
        ParameterRange::continuous("gamma", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("degree", 2..=5, ScalingType::Linear),
        ParameterRange::continuous("offset", 0.0..=2.0, ScalingType::Linear),
    ];
    let train = |c: &Configuration, division: &Division| {
        // The crate wants classes of −1 and 1.
        let classes: Vec<i32> =
            division.training.classes().iter().map(|class| 2 * class - 1).collect();
        let (x, held_out) = (division.training.matrix(), division.held_out.matrix());
        let parameters = SVCParameters::default()
            .with_c(c.float("c"))
            .with_kernel(kernel(c, c.float("offset")))
            .with_seed(Some(1));
        let model = SVC::fit(&x, &classes, &parameters).map_err(|error| error.to_string())?;
        let predicted = model.predict(&held_out).map_err(|error| error.to_string())?;
        Ok(division.error_rate(predicted.iter().map(|class| i32::from(*class > 0.0))))
    };
    let seconds = |c: &Configuration| {
        let kernel = if c.category("kernel") == "linear" { 1.0 } else { 3.0 };
        20.0 * kernel * (1.0 + c.float("c").log10().max(0.0))
    };
    Learner::new("svc-cancer", ranges, &Table::breast_cancer(), (train, seconds), 3.0 / 344.0)
}

/// A random forest on handwritten digits.
pub(super) fn forest_digits() -> Learner {
    let ranges = [
        ParameterRange::integer("trees", 2..=64, ScalingType::Logarithmic),
        ParameterRange::integer("depth", 2..=16, ScalingType::Linear),
        ParameterRange::integer("leaf", 1..=20, ScalingType::Logarithmic),
        ParameterRange::integer("features", 1..=64, ScalingType::Logarithmic),
        ParameterRange::categorical("criterion", ["error", "entropy", "gini"]),
    ];
    let train = |c: &Configuration, division: &Division| {
        let small = |name: &str| u16::try_from(c.integer(name)).expect("a small number");
        let criterion = match c.category("criterion") {
            "gini" => SplitCriterion::Gini,
            "entropy" => SplitCriterion::Entropy,
            _ => SplitCriterion::ClassificationError,
        };
        let parameters = RandomForestClassifierParameters::default()
            .with_criterion(criterion)
            .with_n_trees(small("trees"))
            .with_max_depth(small("depth"))
            .with_min_samples_leaf(small("leaf").into())
            .with_m(small("features").into())
            .with_seed(1);
        let (x, classes) = (division.training.matrix(), division.training.classes());
        let model = RandomForestClassifier::fit(&x, &classes, parameters)
            .map_err(|error| error.to_string())?;
        let predicted =
            model.predict(&division.held_out.matrix()).map_err(|error| error.to_string())?;
        Ok(division.error_rate(predicted))
    };
    let seconds = |c: &Configuration| {
        1.0 + 0.02 * c.float("trees") * c.float("features") * c.float("depth").sqrt()
    };
    Learner::new("forest-digits", ranges, &Table::digits(), (train, seconds), 30.0 / 720.0)
}

/// Smooths a picture of 8 × 8 pixels: each one is mixed with the mean of its neighbors.
fn blurred(pixels: &[f64], share: f64) -> Vec<f64> {
    let at = |row: i32, column: i32| -> Option<f64> {
        let is_inside = (0..8).contains(&row) && (0..8).contains(&column);
        is_inside.then(|| pixels[usize::try_from(8 * row + column).expect("inside")])
    };
    let pixel = |index: usize| {
        let (row, column) = (i32::try_from(index / 8), i32::try_from(index % 8));
        let (row, column) = (row.expect("small"), column.expect("small"));
        let neighbors = [(-1, 0), (1, 0), (0, -1), (0, 1)];
        let values: Vec<f64> =
            neighbors.iter().filter_map(|(dy, dx)| at(row + dy, column + dx)).collect();
        #[allow(clippy::cast_precision_loss, reason = "up to four")]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (1.0 - share) * pixels[index] + share * mean
    };
    (0..pixels.len()).map(pixel).collect()
}

fn neighbors_error<D: Distance<Vec<f64>>>(
    distance: D,
    c: &Configuration,
    division: &Division,
) -> Result<f64, String> {
    let weight = match c.category("weights") {
        "uniform" => KNNWeightFunction::Uniform,
        _ => KNNWeightFunction::Distance,
    };
    let parameters = KNNClassifierParameters::default()
        .with_distance(distance)
        .with_k(usize::try_from(c.integer("neighbors")).expect("above 0"))
        .with_weight(weight)
        .with_algorithm(smartcore::algorithm::neighbour::KNNAlgorithmName::LinearSearch);
    let (x, classes) = (division.training.matrix(), division.training.classes());
    let model = KNNClassifier::fit(&x, &classes, parameters).map_err(|error| error.to_string())?;
    let predicted =
        model.predict(&division.held_out.matrix()).map_err(|error| error.to_string())?;
    Ok(division.error_rate(predicted))
}

/// Nearest neighbors on handwritten digits.
pub(super) fn neighbors_digits() -> Learner {
    let ranges = [
        ParameterRange::integer("neighbors", 1..=60, ScalingType::Logarithmic),
        ParameterRange::categorical("metric", ["manhattan", "minkowski4", "euclidean"]),
        ParameterRange::categorical("weights", ["uniform", "distance"]),
        ParameterRange::continuous("power", 0.1..=10.0, ScalingType::Logarithmic),
        ParameterRange::continuous("blur", 0.0..=0.9, ScalingType::Linear),
    ];
    let train = |c: &Configuration, division: &Division| {
        let (power, blur) = (c.float("power"), c.float("blur"));
        let prepared = division.map_rows(|row| {
            let raised: Vec<f64> = row.iter().map(|x| x.powf(power)).collect();
            blurred(&raised, blur)
        });
        match c.category("metric") {
            "manhattan" => neighbors_error(Distances::manhattan(), c, &prepared),
            "minkowski4" => neighbors_error(Distances::minkowski(4), c, &prepared),
            _ => neighbors_error(Distances::euclidian(), c, &prepared),
        }
    };
    let seconds = |c: &Configuration| {
        let metric = if c.category("metric") == "minkowski4" { 4.0 } else { 1.0 };
        5.0 * metric + 0.1 * c.float("neighbors")
    };
    Learner::new("neighbors-digits", ranges, &Table::digits(), (train, seconds), 12.0 / 720.0)
}
