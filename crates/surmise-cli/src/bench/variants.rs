//! Strategies by name: those of the crate, and Bayesian optimization with some of its parts exchanged.

use surmise::acquisition::{LogProbabilityOfImprovement, UpperConfidenceBound};
use surmise::strategy::{
    Kernel, Moves, Noise, OutputScale, PendingBelief, Recipe, Uncertainty, WhenSettled,
};
use surmise::{BayesianOptimization, RandomSearch, SobolSearch};
use surmise_bench::Contender;

/// What can be exchanged, and what it is called.
type Change = (&'static str, fn(Recipe) -> Recipe);

const CHANGES: [Change; 21] = [
    ("yeo-johnson", |recipe| recipe.with_output(OutputScale::YeoJohnson)),
    ("standardized", |recipe| recipe.with_output(OutputScale::Standardized)),
    ("matern32", |recipe| recipe.with_kernel(Kernel::Matern32)),
    ("squared-exponential", |recipe| recipe.with_kernel(Kernel::SquaredExponential)),
    ("no-priors", Recipe::without_priors),
    ("noise-absent", |recipe| recipe.with_noise(Noise::Absent)),
    ("noise-present", |recipe| recipe.with_noise(Noise::Present)),
    ("warped", |recipe| recipe.with_input_warping(true)),
    ("most-probable", |recipe| recipe.with_uncertainty(Uncertainty::MostProbable)),
    ("laplace4", |recipe| recipe.with_uncertainty(Uncertainty::Laplace { draws: 4 })),
    ("laplace8", |recipe| recipe.with_uncertainty(Uncertainty::Laplace { draws: 8 })),
    ("slices", |recipe| recipe.with_uncertainty(Uncertainty::SliceSampling { draws: 10 })),
    ("pending-expected", |recipe| recipe.with_pending(PendingBelief::Expected)),
    ("pending-fantasies", |recipe| recipe.with_pending(PendingBelief::Fantasies)),
    ("pending-ignored", |recipe| recipe.with_pending(PendingBelief::Ignored)),
    ("failures-ignored", |recipe| recipe.with_failures_to_avoid(usize::MAX)),
    ("failures-from-3", |recipe| recipe.with_failures_to_avoid(3)),
    ("polish", |recipe| recipe.when_settled(WhenSettled::Polish)),
    ("no-anchors", |recipe| recipe.with_moves(Moves { near_anchors: false, ..Moves::default() })),
    ("no-ascent", |recipe| recipe.with_moves(Moves { ascent: false, ..Moves::default() })),
    ("no-exchange", |recipe| recipe.with_moves(Moves { exchange: false, ..Moves::default() })),
];

/// All names; changes are added to one of the last four by a plus sign.
pub(crate) fn names() -> String {
    let changes: Vec<&str> = CHANGES.iter().map(|(name, _)| *name).collect();
    format!(
        "random, sobol, bayesian, confidence-bound, probability, thompson, and the last four +{}",
        changes.join(", +")
    )
}

/// The strategy of this name, such as `bayesian` or `bayesian+laplace4+warped`.
pub(crate) fn contender(name: &str) -> Option<Contender> {
    let mut parts = name.split('+');
    let make: fn() -> BayesianOptimization = match parts.next()? {
        "random" => return (name == "random").then(|| Contender::new(name, || RandomSearch)),
        "sobol" => return (name == "sobol").then(|| Contender::new(name, || SobolSearch)),
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
