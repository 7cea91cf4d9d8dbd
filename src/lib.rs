//! Surmise tunes expensive black boxes, first of all the hyperparameters of machine learning.
//!
//! You describe ranges and an objective; it proposes configurations; an evaluator runs them as jobs under limits; their
//! results sharpen the next proposals.
//!
//! ```text
//! ParameterRange → SearchSpace ⇒ UnitPoint → gp::Posterior → Acquisition → maximize → Strategy → Study ⇒ Trial → Evaluator
//!                                                                                        ↑                            │
//!                                                                                        └───────── Outcome ──────────┘
//! ```
//!
//! Outside of the two gates ⇒ are names, units, metrics and goals, in the words of Amazon SageMaker's automatic model
//! tuning; inside are points of the unit cube and losses to be minimized. The modules stand in this order.
//!
//! ```
//! use surmise::*;
//!
//! let space = SearchSpace::new([
//!     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
//!     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
//! ])?;
//! let settings = StudySettings { seed: 7, limits: ResourceLimits::new(20, 2), ..Default::default() };
//! let mut study =
//!     Study::new(space, Objective::minimize("loss"), BayesianOptimization::default(), settings)?;
//! let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
//!     let loss = (c.float("learning_rate").log10() + 2.5).powi(2) + (c.float("layers") - 3.0).abs();
//!     Ok::<f64, String>(loss)
//! });
//! tune(&mut study, &mut jobs)?;
//! let best = study.best().expect("a trial completed");
//! assert_eq!(best.configuration.integer("layers"), 3);
//! # Ok::<(), Error>(())
//! ```
//!
//! Where to go next: [`SearchSpace`] for ranges and scales, [`Study`] to ask and tell by hand, [`Strategy`],
//! [`Acquisition`] and [`Evaluator`] to plug in your own.
//!
//! # References
//!
//! - Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*.
//! - Ament, Daulton, Eriksson, Balandat & Bakshy (2023), *Unexpected Improvements to Expected Improvement for Bayesian
//!   Optimization*.
//! - Ginsbourger, Le Riche & Carraro (2010), *Kriging Is Well-Suited to Parallelize Optimization*.
//! - Yeo & Johnson (2000), *A new family of power transformations to improve normality or symmetry*.
//! - Burley (2020), *Practical Hash-based Owen Scrambling*.
//! - Nocedal & Wright (2006), *Numerical Optimization*; Bertsekas (1982), *Projected Newton Methods for Optimization
//!   Problems with Simple Constraints*.
//! - Perrone et al. (2021), *Amazon SageMaker Automatic Model Tuning: Scalable Gradient-Free Optimization*.

#![forbid(unsafe_code)]

pub mod error;

pub mod cube;
pub mod lbfgs;
pub mod linalg;
pub mod maximize;
pub mod normal;
pub mod rng;
pub mod sobol;

pub mod limits;
pub mod objective;
pub mod space;
pub mod trial;

pub mod acquisition;
pub mod gp;

pub mod strategy;
pub mod study;

pub mod evaluator;
pub mod sagemaker;
pub mod tune;

pub mod benchmark;
pub mod conformance;

pub use self::acquisition::{Acquisition, LogExpectedImprovement};
pub use self::error::{Error, EvaluatorError};
pub use self::evaluator::{Evaluator, FunctionEvaluator};
pub use self::limits::ResourceLimits;
pub use self::objective::{Goal, Objective};
pub use self::space::{
    CategoricalParameterRange, Configuration, ContinuousParameterRange, IntegerParameterRange,
    ParameterRange, ParameterValue, ScalingType, SearchSpace,
};
pub use self::strategy::{BayesianOptimization, RandomSearch, SobolSearch, Strategy};
pub use self::study::{Asked, Order, Study, StudySettings};
pub use self::trial::{Outcome, Trial, TrialId};
pub use self::tune::{StopReason, tune, tune_watched};
