//! The parts of Bayesian optimization that can be exchanged.

use serde::{Deserialize, Serialize};

use crate::gp::{Assumptions, HyperparameterInference, Kernel, Noise};
use crate::maximize::Moves;

/// The settings of [`BayesianOptimization`](super::BayesianOptimization), besides the acquisition
/// function.
///
/// Start with the defaults, which gave the best results in benchmarks; BENCHMARKING.md shows the
/// effect of each part. Change a part if you know something about your losses, most often about
/// their noise:
///
/// | part | default | change it if |
/// | --- | --- | --- |
/// | [noise](Self::with_noise) | inferred | you know that trials are exact, or noisy |
/// | [kernel](Self::with_kernel) | Matérn 5⁄2 | losses are very smooth, or rough |
/// | [loss transform](Self::with_loss_transform) | chosen by the fit | rarely |
/// | [input warping](Self::with_input_warping) | off | losses change faster at one end |
/// | [inference](Self::with_hyperparameter_inference) | posterior mode | proposals may be slow |
/// | [pending trials](Self::with_pending_imputation) | chosen by the noise | rarely |
/// | [failure model](Self::with_min_failures_to_model) | after a failure | failures are random |
/// | [exploration](Self::with_exploration) | once converged | a local optimum is enough |
///
/// ```
/// use surmise::BayesianOptimization;
/// use surmise::strategy::{Exploration, HyperparameterInference, Noise, Recipe};
///
/// // For an exact simulation that takes an hour, slow proposals do not matter.
/// let recipe = Recipe::default()
///     .with_noise(Noise::Absent)
///     .with_hyperparameter_inference(HyperparameterInference::SliceSampling { draws: 10 })
///     .with_exploration(Exploration::Never);
/// assert_ne!(recipe, Recipe::default());
/// let strategy = BayesianOptimization::default().with_recipe(recipe);
/// ```
///
/// # Common mistakes
///
/// - **Changing parts because one search went badly.** Search results vary by chance. Compare
///   recipes over several problems and seeds; the package `surmise-bench` does that.
/// - **Guessing the noise.** [`Noise::Absent`] for noisy losses makes the model follow the noise;
///   the default infers it.
/// - **Another recipe for a study in a journal.** A study is resumed only with the same strategy
///   and recipe, because its trials depend on them.
///
/// The guide has chapters on [choosing a strategy](crate::guide::choosing_a_strategy) and on
/// [how it works](crate::guide::how_it_works).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    pub(super) noise: Noise,
    pub(super) kernel: Kernel,
    #[serde(rename = "output")]
    pub(super) loss_transform: LossTransform,
    pub(super) input_warping: bool,
    /// Whether the hyperparameters have priors; otherwise they have only bounds.
    pub(super) priors: bool,
    #[serde(rename = "uncertainty")]
    pub(super) inference: HyperparameterInference,
    #[serde(rename = "pending")]
    pub(super) pending_imputation: PendingImputation,
    #[serde(rename = "failures_to_avoid")]
    pub(super) min_failures_to_model: usize,
    #[serde(rename = "when_settled")]
    pub(super) exploration: Exploration,
    /// Kinds of moves in the maximization of the acquisition function.
    pub(super) moves: Moves,
    /// Whether the first trial is the center of the space.
    #[serde(skip_serializing_if = "is_true")]
    pub(super) center_first: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}

impl Default for Recipe {
    /// Returns the recipe with the default of each part.
    fn default() -> Self {
        Self {
            noise: Noise::Unknown,
            kernel: Kernel::Matern52,
            loss_transform: LossTransform::Automatic,
            input_warping: false,
            priors: true,
            inference: HyperparameterInference::MaximumAPosteriori,
            pending_imputation: PendingImputation::Automatic,
            min_failures_to_model: 1,
            exploration: Exploration::default(),
            moves: Moves::default(),
            center_first: true,
        }
    }
}

impl Recipe {
    /// Declares whether losses are noisy; [`Noise::Unknown`] by default.
    ///
    /// Declare [`Noise::Absent`] if repeated trials give exactly the same loss, and
    /// [`Noise::Present`] if you know that they do not.
    #[must_use]
    pub fn with_noise(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// Sets the covariance function of the model; [`Kernel::Matern52`] by default.
    ///
    /// Use [`Kernel::SquaredExponential`] for very smooth losses and [`Kernel::Matern32`] for rough
    /// ones.
    #[must_use]
    pub fn with_kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// Sets how losses are transformed before the fit; [`LossTransform::Automatic`] by default.
    ///
    /// Choose one transform for experiments, or to save the time of fitting both.
    #[must_use]
    pub fn with_loss_transform(self, loss_transform: LossTransform) -> Self {
        Self { loss_transform, ..self }
    }

    /// Sets whether numeric axes are warped; `false` by default.
    ///
    /// Warping helps if losses change much faster at one end of a range than at the other. It has
    /// an effect only with at least 4 observations per parameter, and with at most 15 parameters.
    #[must_use]
    pub fn with_input_warping(self, input_warping: bool) -> Self {
        Self { input_warping, ..self }
    }

    /// Sets how hyperparameters are inferred; [`HyperparameterInference::MaximumAPosteriori`] by
    /// default.
    ///
    /// Draws of the hyperparameters account for their uncertainty, and make proposals several times
    /// slower. Use them if trials are much more expensive than proposals.
    #[must_use]
    pub fn with_hyperparameter_inference(self, inference: HyperparameterInference) -> Self {
        Self { inference, ..self }
    }

    /// Sets which losses pending trials are assumed to have; [`PendingImputation::Automatic`] by
    /// default.
    ///
    /// Choose one variant for experiments.
    #[must_use]
    pub fn with_pending_imputation(self, pending_imputation: PendingImputation) -> Self {
        Self { pending_imputation, ..self }
    }

    /// Sets the minimum number of failed trials for a model of failures; 1 by default.
    ///
    /// The model keeps proposals away from regions where trials fail, unless failures look random.
    /// Set `usize::MAX` if failures never depend on the configuration.
    #[must_use]
    pub fn with_min_failures_to_model(self, min_failures_to_model: usize) -> Self {
        Self { min_failures_to_model, ..self }
    }

    /// Sets whether the search explores when it has converged; [`Exploration::WhenConverged`] by
    /// default.
    ///
    /// Choose [`Exploration::Never`] if a local optimum is enough.
    #[must_use]
    pub fn with_exploration(self, exploration: Exploration) -> Self {
        Self { exploration, ..self }
    }

    /// Removes the priors of the hyperparameters, which have both priors and bounds by default.
    ///
    /// Use it to measure the effect of the priors.
    #[cfg(feature = "unstable")]
    #[must_use]
    pub fn without_priors(self) -> Self {
        Self { priors: false, ..self }
    }

    /// Sets the kinds of moves that maximize the acquisition function; all kinds by default.
    ///
    /// Use it to measure the effect of each kind.
    #[cfg(feature = "unstable")]
    #[must_use]
    pub fn with_moves(self, moves: Moves) -> Self {
        Self { moves, ..self }
    }

    /// Lets the first trial be a random point, instead of the center of the space.
    ///
    /// Use it to measure how much searches gain from optima near the center.
    #[cfg(feature = "unstable")]
    #[must_use]
    pub fn without_center(self) -> Self {
        Self { center_first: false, ..self }
    }

    /// Returns the assumptions of a fit to `observations` losses of `parameters` parameters.
    pub(super) fn assumptions(&self, observations: usize, parameters: usize) -> Assumptions {
        let can_fit_warps = observations >= 4 * parameters && parameters <= 15;
        Assumptions {
            kernel: self.kernel,
            noise: self.noise,
            warping: self.input_warping && can_fit_warps,
            priors: self.priors,
        }
    }
}

/// Selects how losses are transformed before a Gaussian process is fitted to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossTransform {
    /// Uses the transform under which the losses have the larger marginal likelihood; the default.
    ///
    /// The choice is made for the first fit and at 8, 12, 18, 27, … observations, each number half
    /// as large again as the one before.
    #[default]
    #[serde(rename = "by_evidence")]
    Automatic,
    /// Compresses the tail of large losses until losses look normal, then standardizes them.
    YeoJohnson,
    /// Clips extremely large losses and standardizes them.
    Standardized,
}

/// Selects which losses pending trials are assumed to have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingImputation {
    /// Chooses one of the other variants; the default.
    ///
    /// It is [`Fantasies`](Self::Fantasies) if losses are noisy or if more than 16 trials are
    /// pending, and otherwise [`KrigingBeliever`](Self::KrigingBeliever).
    #[default]
    #[serde(rename = "by_regime")]
    Automatic,
    /// Assumes that the loss of each pending trial is its posterior mean.
    #[serde(rename = "expected")]
    KrigingBeliever,
    /// Averages the acquisition function over 16 to 64 draws of the pending losses.
    Fantasies,
    /// Ignores pending trials, to measure the effect of the other variants.
    #[cfg(feature = "unstable")]
    Ignored,
}

/// Selects whether the search explores when it has converged.
///
/// The search has converged if the expected improvement is below 10⁻⁴ standard deviations of the
/// losses, after their transform. Any other logarithmic acquisition function is compared with the
/// same number, ln 10⁻⁴. The setting has no effect on other acquisition functions and on Thompson
/// sampling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exploration {
    /// Keeps refining the best point.
    #[serde(rename = "polish")]
    Never,
    /// Lets every second proposal search for a large improvement; the default.
    ///
    /// An improvement is large if it exceeds 0.3 standard deviations of the transformed losses.
    #[default]
    #[serde(rename = "look_elsewhere")]
    WhenConverged,
}
