//! Strategies by name: those of the crate, and Bayesian optimization with some of its parts exchanged.

use surmise::acquisition::{LogProbabilityOfImprovement, UpperConfidenceBound};
use surmise::gp::{Kernel, Noise, Uncertainty};
use surmise::strategy::{OutputScale, PendingBelief, Recipe, WhenSettled};
use surmise::{BayesianOptimization, RandomSearch, SobolSearch};
use surmise_bench::Contender;

/// What can be exchanged, and what it is called.
type Change = (&'static str, fn(&mut Recipe));

const CHANGES: [Change; 21] = [
    ("yeo-johnson", |recipe| recipe.output = OutputScale::YeoJohnson),
    ("standardized", |recipe| recipe.output = OutputScale::Standardized),
    ("matern32", |recipe| recipe.kernel = Kernel::Matern32),
    ("squared-exponential", |recipe| recipe.kernel = Kernel::SquaredExponential),
    ("no-priors", |recipe| recipe.priors = false),
    ("noise-absent", |recipe| recipe.noise = Noise::Absent),
    ("noise-present", |recipe| recipe.noise = Noise::Present),
    ("warped", |recipe| recipe.input_warping = true),
    ("most-probable", |recipe| recipe.uncertainty = Uncertainty::MostProbable),
    ("laplace4", |recipe| recipe.uncertainty = Uncertainty::Laplace { draws: 4 }),
    ("laplace8", |recipe| recipe.uncertainty = Uncertainty::Laplace { draws: 8 }),
    ("slices", |recipe| recipe.uncertainty = Uncertainty::SliceSampling { draws: 10 }),
    ("pending-expected", |recipe| recipe.pending = PendingBelief::Expected),
    ("pending-fantasies", |recipe| recipe.pending = PendingBelief::Fantasies),
    ("pending-ignored", |recipe| recipe.pending = PendingBelief::Ignored),
    ("failures-ignored", |recipe| recipe.failures_to_avoid = usize::MAX),
    ("failures-from-3", |recipe| recipe.failures_to_avoid = 3),
    ("polish", |recipe| recipe.when_settled = WhenSettled::Polish),
    ("no-anchors", |recipe| recipe.moves.near_anchors = false),
    ("no-ascent", |recipe| recipe.moves.ascent = false),
    ("no-exchange", |recipe| recipe.moves.exchange = false),
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
        change(&mut recipe);
    }
    Some(Contender::new(name, move || make().with_recipe(recipe)))
}
