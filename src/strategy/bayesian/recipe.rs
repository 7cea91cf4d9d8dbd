//! What Bayesian optimization is made of, so that each part can be exchanged and measured.

use crate::gp::{Assumptions, Kernel, Noise, Uncertainty};
use crate::maximize::Moves;

/// The parts of [`BayesianOptimization`](super::BayesianOptimization) besides the acquisition. The default is what measured best; what each part is worth is in
/// BENCHMARKING.md.
///
/// ```
/// use surmise::strategy::Recipe;
/// use surmise::{BayesianOptimization, gp::Noise};
///
/// // Training is repeatable: nothing that is seen is chance.
/// let recipe = Recipe { noise: Noise::Absent, ..Recipe::default() };
/// let strategy = BayesianOptimization::default().with_recipe(recipe);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// What is known of the noise of the losses.
    pub noise: Noise,
    /// How smooth the losses are believed to be.
    pub kernel: Kernel,
    /// How losses are made fit for a Gaussian process.
    pub output: OutputScale,
    /// Whether axes of numbers may be bent (from 4 observations per parameter on, up to 15 parameters).
    pub input_warping: bool,
    /// Whether hyperparameters have priors, or only a box around them.
    pub priors: bool,
    /// How much of what is believed of the hyperparameters counts.
    pub uncertainty: Uncertainty,
    /// What pending trials are taken for.
    pub pending: PendingBelief,
    /// From so many failures on, there may be a belief about where trials fail; `usize::MAX` for never.
    pub failures_to_avoid: usize,
    /// What is done when hardly anything is left to be gained.
    pub when_settled: WhenSettled,
    /// How the acquisition is maximized.
    pub moves: Moves,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            noise: Noise::Unknown,
            kernel: Kernel::Matern52,
            output: OutputScale::ByEvidence,
            input_warping: false,
            priors: true,
            uncertainty: Uncertainty::MostProbable,
            pending: PendingBelief::ByRegime,
            failures_to_avoid: 1,
            when_settled: WhenSettled::default(),
            moves: Moves::default(),
        }
    }
}

impl Recipe {
    /// What is assumed of `observations` losses of `parameters` parameters.
    pub(super) fn assumptions(&self, observations: usize, parameters: usize) -> Assumptions {
        let enough = observations >= 4 * parameters && parameters <= 15;
        Assumptions {
            kernel: self.kernel,
            noise: self.noise,
            warping: self.input_warping && enough,
            priors: self.priors,
        }
    }
}

/// How losses are made fit for a Gaussian process (see [`OutputTransform`](crate::gp::OutputTransform)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OutputScale {
    /// Whichever of the other two makes the losses more probable, all things considered. Decided at every
    /// observation whose number is half as large again as the last such one.
    #[default]
    ByEvidence,
    /// The bad tail is compressed until the losses look like independent normal numbers, then they are standardized.
    YeoJohnson,
    /// They are only standardized (catastrophes cut off, as above).
    Standardized,
}

/// What pending trials are taken for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PendingBelief {
    /// [`Fantasies`](Self::Fantasies) where losses are noisy or many trials are pending, else [`Expected`](Self::Expected).
    #[default]
    ByRegime,
    /// They come out as expected (kriging believer).
    Expected,
    /// The acquisition is averaged over what they may come out as: 16 to 64 draws.
    Fantasies,
    /// They are not there. Only to see what the others are worth.
    Ignored,
}

/// What is done when the expected improvement has become a trifle: less than a ten-thousandth of the spread of the losses. (Of
/// another acquisition that is a logarithm, when that number is as small. Of no effect on one that is none, nor on Thompson sampling.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenSettled {
    /// The best place is polished on.
    Polish,
    /// Every other proposal looks for an improvement that would matter, of a third of the spread, wherever that is likeliest.
    #[default]
    LookElsewhere,
}
