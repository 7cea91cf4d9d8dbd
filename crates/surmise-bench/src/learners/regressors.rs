//! Learners of numbers; their error is the root of the mean squared error.

use smartcore::linear::elastic_net::{ElasticNet, ElasticNetParameters};
use smartcore::svm::svr::{SVR, SVRParameters};
use smartcore::xgboost::{XGRegressor, XGRegressorParameters};

use super::classifiers::kernel;
use super::data::{Division, Table};
use super::learner::Learner;
use crate::statistics::mean;
use surmise::space::{Configuration, ParameterRange, ScalingType};

/// Support-vector regression on the diabetes data.
pub(super) fn svr_diabetes() -> Learner {
    let ranges = [
        ParameterRange::categorical("kernel", ["polynomial", "linear", "rbf"]),
        ParameterRange::continuous("c", 0.01..=1000.0, ScalingType::Logarithmic),
        ParameterRange::continuous("epsilon", 0.1..=100.0, ScalingType::Logarithmic),
        ParameterRange::continuous("gamma", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("degree", 2..=4, ScalingType::Linear),
    ];
    let train = |c: &Configuration, division: &Division| {
        let (x, held_out) = (division.training.matrix(), division.held_out.matrix());
        let parameters = SVRParameters::default()
            .with_c(c.float("c"))
            .with_eps(c.float("epsilon"))
            .with_kernel(kernel(c, 1.0));
        let model = SVR::fit(&x, &division.training.targets, &parameters)
            .map_err(|error| error.to_string())?;
        let predicted = model.predict(&held_out).map_err(|error| error.to_string())?;
        Ok(division.root_mean_squared_error(&predicted))
    };
    let seconds = |c: &Configuration| {
        let kernel = if c.category("kernel") == "linear" { 1.0 } else { 3.0 };
        10.0 * kernel * (1.0 + c.float("c").log10().max(0.0))
    };
    let best_known = 54.642_811_016_855_525;
    Learner::new("svr-diabetes", ranges, &Table::diabetes(), (train, seconds), best_known)
}

/// Returns the features, their powers, and from degree 2 on their products.
fn with_products(row: &[f64], degree: i64) -> Vec<f64> {
    let mut features = row.to_vec();
    if degree >= 2 {
        for i in 0..row.len() {
            features.extend((i..row.len()).map(|j| row[i] * row[j]));
        }
    }
    if degree >= 3 {
        features.extend(row.iter().map(|x| x.powi(3)));
    }
    features
}

/// Elastic net on the diabetes data.
pub(super) fn elastic_diabetes() -> Learner {
    let ranges = [
        ParameterRange::continuous("penalty", 1e-4..=100.0, ScalingType::Logarithmic),
        ParameterRange::continuous("l1_share", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("degree", 1..=3, ScalingType::Linear),
        ParameterRange::continuous("compression", 0.3..=3.0, ScalingType::Logarithmic),
        ParameterRange::categorical("scaled", ["no", "yes"]),
    ];
    let train = |c: &Configuration, division: &Division| {
        let (power, degree) = (c.float("compression"), c.integer("degree"));
        let prepared = division.map_rows(|row| {
            let powers: Vec<f64> = row.iter().map(|x| x.signum() * x.abs().powf(power)).collect();
            with_products(&powers, degree)
        });
        let parameters = ElasticNetParameters::default()
            .with_alpha(c.float("penalty"))
            .with_l1_ratio(c.float("l1_share"))
            .with_normalize(c.category("scaled") == "yes")
            .with_max_iter(200);
        let model =
            ElasticNet::fit(&prepared.training.matrix(), &prepared.training.targets, parameters)
                .map_err(|error| error.to_string())?;
        let predicted: Vec<f64> =
            model.predict(&prepared.held_out.matrix()).map_err(|error| error.to_string())?;
        Ok(division.root_mean_squared_error(&predicted))
    };
    let seconds = |c: &Configuration| 2.0 * 4.0_f64.powf(c.float("degree") - 1.0);
    let best_known = 55.725_251_201_703_27;
    Learner::new("elastic-diabetes", ranges, &Table::diabetes(), (train, seconds), best_known)
}

/// Boosted trees on the diabetes data.
pub(super) fn trees_diabetes() -> Learner {
    let ranges = [
        ParameterRange::integer("rounds", 5..=150, ScalingType::Logarithmic),
        ParameterRange::continuous("rate", 0.005..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("depth", 1..=8, ScalingType::Linear),
        ParameterRange::integer("child_weight", 1..=40, ScalingType::Logarithmic),
        ParameterRange::continuous("lambda", 0.01..=100.0, ScalingType::Logarithmic),
        ParameterRange::continuous("gamma", 0.01..=10_000.0, ScalingType::Logarithmic),
        ParameterRange::continuous("row_share", 0.2..=1.0, ScalingType::Linear),
    ];
    let train = |c: &Configuration, division: &Division| {
        let size = |name: &str| usize::try_from(c.integer(name)).expect("above 0");
        let parameters = XGRegressorParameters::default()
            .with_n_estimators(size("rounds"))
            .with_learning_rate(c.float("rate"))
            .with_max_depth(u16::try_from(c.integer("depth")).expect("small"))
            .with_min_child_weight(size("child_weight"))
            .with_lambda(c.float("lambda"))
            .with_gamma(c.float("gamma"))
            .with_subsample(c.float("row_share"))
            .with_base_score(mean(&division.training.targets))
            .with_seed(1);
        let model =
            XGRegressor::fit(&division.training.matrix(), &division.training.targets, parameters)
                .map_err(|error| error.to_string())?;
        let predicted =
            model.predict(&division.held_out.matrix()).map_err(|error| error.to_string())?;
        Ok(division.root_mean_squared_error(&predicted))
    };
    let seconds = |c: &Configuration| 1.0 + 0.2 * c.float("rounds") * c.float("depth").sqrt();
    let best_known = 55.476_903_063_670_34;
    Learner::new("trees-diabetes", ranges, &Table::diabetes(), (train, seconds), best_known)
}
