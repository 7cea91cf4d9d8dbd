//! What Bayesian optimization is made of, so that each part can be exchanged and measured.

use serde::{Deserialize, Serialize};

use crate::gp::{Assumptions, Kernel, Noise, Uncertainty};
use crate::maximize::Moves;

/// The parts of [`BayesianOptimization`](super::BayesianOptimization) besides the acquisition. The default is what measured best; what each part is worth is in
/// BENCHMARKING.md.
///
/// ```
/// use surmise::strategy::{Noise, Recipe};
/// use surmise::BayesianOptimization;
///
/// // Training is repeatable: nothing that is seen is chance.
/// let recipe = Recipe::default().with_noise(Noise::Absent);
/// let strategy = BayesianOptimization::default().with_recipe(recipe);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// What is known of the noise of the losses.
    pub(super) noise: Noise,
    /// How smooth the losses are believed to be.
    pub(super) kernel: Kernel,
    /// How losses are made fit for a Gaussian process.
    pub(super) output: OutputScale,
    /// Whether axes of numbers may be bent (from 4 observations per parameter on, up to 15 parameters).
    pub(super) input_warping: bool,
    /// Whether hyperparameters have priors, or only a box around them.
    pub(super) priors: bool,
    /// How much of what is believed of the hyperparameters counts.
    pub(super) uncertainty: Uncertainty,
    /// What pending trials are taken for.
    pub(super) pending: PendingBelief,
    /// From so many failures on, there may be a belief about where trials fail; `usize::MAX` for never.
    pub(super) failures_to_avoid: usize,
    /// What is done when hardly anything is left to be gained.
    pub(super) when_settled: WhenSettled,
    /// How the acquisition is maximized.
    pub(super) moves: Moves,
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
    /// The same with other knowledge of the noise of the losses.
    #[must_use]
    pub fn with_noise(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// The same with another belief about how smooth the losses are.
    #[must_use]
    pub fn with_kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The same with losses that are made fit in another way.
    #[must_use]
    pub fn with_output(self, output: OutputScale) -> Self {
        Self { output, ..self }
    }

    /// The same with axes of numbers that may be bent, or not: from 4 observations per parameter on, up to 15 parameters.
    #[must_use]
    pub fn with_input_warping(self, input_warping: bool) -> Self {
        Self { input_warping, ..self }
    }

    /// The same with another part of what is believed of the hyperparameters.
    #[must_use]
    pub fn with_uncertainty(self, uncertainty: Uncertainty) -> Self {
        Self { uncertainty, ..self }
    }

    /// The same with pending trials taken for something else.
    #[must_use]
    pub fn with_pending(self, pending: PendingBelief) -> Self {
        Self { pending, ..self }
    }

    /// The same with a belief about where trials fail from so many failures on; `usize::MAX` for none ever.
    #[must_use]
    pub fn with_failures_to_avoid(self, failures_to_avoid: usize) -> Self {
        Self { failures_to_avoid, ..self }
    }

    /// The same with something else done when hardly anything is left to be gained.
    #[must_use]
    pub fn when_settled(self, when_settled: WhenSettled) -> Self {
        Self { when_settled, ..self }
    }

    /// The same with hyperparameters that have no priors, only a box around them: to see what priors are worth.
    #[cfg(feature = "unstable")]
    #[must_use]
    pub fn without_priors(self) -> Self {
        Self { priors: false, ..self }
    }

    /// The same with an acquisition that is maximized in other ways: to see what each is worth.
    #[cfg(feature = "unstable")]
    #[must_use]
    pub fn with_moves(self, moves: Moves) -> Self {
        Self { moves, ..self }
    }

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

/// How losses are made fit for a Gaussian process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingBelief {
    /// [`Fantasies`](Self::Fantasies) where losses are noisy or many trials are pending, else [`Expected`](Self::Expected).
    #[default]
    ByRegime,
    /// They come out as expected (kriging believer).
    Expected,
    /// The acquisition is averaged over what they may come out as: 16 to 64 draws.
    Fantasies,
    /// They are not there: only to see what the others are worth.
    #[cfg(feature = "unstable")]
    Ignored,
}

/// What is done when the expected improvement has become a trifle: less than a ten-thousandth of the spread of the losses. (Of
/// another acquisition that is a logarithm, when that number is as small. Of no effect on one that is none, nor on Thompson sampling.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenSettled {
    /// The best place is polished on.
    Polish,
    /// Every other proposal looks for an improvement that would matter, of a third of the spread, wherever that is likeliest.
    #[default]
    LookElsewhere,
}
