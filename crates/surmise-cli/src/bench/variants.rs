//! Strategies by name, including Bayesian optimization with some parts replaced.

use surmise::acquisition::{LogProbabilityOfImprovement, UpperConfidenceBound};
use surmise::strategy::{
    Exploration, HyperparameterInference, Kernel, LossTransform, Moves, Noise, PendingImputation,
    Recipe,
};
use surmise::{BayesianOptimization, RandomSearch, SobolSearch};
use surmise_bench::{CenterFirst, Contender};

/// The name of a change, and the change of the recipe.
type Change = (&'static str, fn(Recipe) -> Recipe);

const CHANGES: [Change; 22] = [
    ("yeo-johnson", |recipe| recipe.with_loss_transform(LossTransform::YeoJohnson)),
    ("standardized", |recipe| recipe.with_loss_transform(LossTransform::Standardized)),
    ("matern32", |recipe| recipe.with_kernel(Kernel::Matern32)),
    ("squared-exponential", |recipe| recipe.with_kernel(Kernel::SquaredExponential)),
    ("no-priors", Recipe::without_priors),
    ("noise-absent", |recipe| recipe.with_noise(Noise::Absent)),
    ("noise-present", |recipe| recipe.with_noise(Noise::Present)),
    ("warped", |recipe| recipe.with_input_warping(true)),
    ("most-probable", |recipe| {
        recipe.with_hyperparameter_inference(HyperparameterInference::MaximumAPosteriori)
    }),
    ("laplace4", |recipe| {
        recipe.with_hyperparameter_inference(HyperparameterInference::Laplace { draws: 4 })
    }),
    ("laplace8", |recipe| {
        recipe.with_hyperparameter_inference(HyperparameterInference::Laplace { draws: 8 })
    }),
    ("slices", |recipe| {
        recipe.with_hyperparameter_inference(HyperparameterInference::SliceSampling { draws: 10 })
    }),
    ("pending-expected", |recipe| {
        recipe.with_pending_imputation(PendingImputation::KrigingBeliever)
    }),
    ("pending-fantasies", |recipe| recipe.with_pending_imputation(PendingImputation::Fantasies)),
    ("pending-ignored", |recipe| recipe.with_pending_imputation(PendingImputation::Ignored)),
    ("failures-ignored", |recipe| recipe.with_min_failures_to_model(usize::MAX)),
    ("failures-from-3", |recipe| recipe.with_min_failures_to_model(3)),
    ("polish", |recipe| recipe.with_exploration(Exploration::Never)),
    ("no-center", Recipe::without_center),
    ("no-anchors", |recipe| recipe.with_moves(Moves { near_anchors: false, ..Moves::default() })),
    ("no-ascent", |recipe| recipe.with_moves(Moves { ascent: false, ..Moves::default() })),
    ("no-exchange", |recipe| recipe.with_moves(Moves { exchange: false, ..Moves::default() })),
];

/// Returns the names of all strategies and of the changes that can be added to the last four.
pub(crate) fn names() -> String {
    let changes: Vec<&str> = CHANGES.iter().map(|(name, _)| *name).collect();
    format!(
        "random, sobol, random+center, sobol+center, bayesian, confidence-bound, probability or \
         thompson; the last four can be followed by +{}",
        changes.join(", +")
    )
}

/// Returns the strategy with this name, such as `bayesian` or `bayesian+laplace4+warped`.
pub(crate) fn contender(name: &str) -> Option<Contender> {
    match name {
        "random" => return Some(Contender::new(name, || RandomSearch)),
        "sobol" => return Some(Contender::new(name, || SobolSearch)),
        "random+center" => return Some(Contender::new(name, || CenterFirst(RandomSearch))),
        "sobol+center" => return Some(Contender::new(name, || CenterFirst(SobolSearch))),
        _ => {}
    }
    let mut parts = name.split('+');
    let make: fn() -> BayesianOptimization = match parts.next()? {
        "bayesian" => BayesianOptimization::default,
        "confidence-bound" => || BayesianOptimization::new(UpperConfidenceBound::default()),
        "probability" => || BayesianOptimization::new(LogProbabilityOfImprovement),
        "thompson" => BayesianOptimization::thompson_sampling,
        _ => return None,
    };
    let mut recipe = Recipe::default();
    for part in parts {
        let (_, change) = CHANGES.iter().find(|(name, _)| *name == part)?;
        recipe = change(recipe);
    }
    Some(Contender::new(name, move || make().with_recipe(recipe)))
}
