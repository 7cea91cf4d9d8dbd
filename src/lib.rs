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
//! tuning; inside are points of the unit cube and losses to be minimized, in the field's words.
//!
//! ```
//! use surmise::{
//!     BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, Order, ParameterRange, ResourceLimits, ScalingType,
//!     SearchSpace, Study, StudySettings, tune,
//! };
//!
//! let space = SearchSpace::new([
//!     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
//!     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
//! ])?;
//! let limits = ResourceLimits::new(20, 2); // 20 jobs, 2 at a time
//! // One answer for a seed, in whatever order jobs end.
//! let settings = StudySettings { seed: 7, order: Order::FixedLag(2), limits, ..Default::default() };
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
//! # A tour
//!
//! What the ten lines above do, along the street. The modules stand in the same order.
//!
//! 1. **What is tuned.** A [`ParameterRange`] is continuous, integer or categorical; its [`ScalingType`] says what counts as
//!    near. A [`SearchSpace`] puts ranges together and translates: [`encode`](SearchSpace::encode) from a [`Configuration`]
//!    to a [`UnitPoint`](cube::UnitPoint), [`decode`](SearchSpace::decode) back. All that is wrong with a space is said at
//!    once, in an [`Error`] of [`Violation`](error::Violation)s.
//! 2. **What is measured.** An [`Objective`] is a metric and its [`Goal`]; inside there are only losses.
//! 3. **What is believed.** A Gaussian process is fitted to the losses, transformed so that they can be believed in, and
//!    predicts mean and variance anywhere, with gradients.
//! 4. **What a trial is worth.** An [`Acquisition`] values a mean and a deviation; by default
//!    [`LogExpectedImprovement`].
//! 5. **Where it is worth most.** The cube is searched, continuous and discrete axes together.
//! 6. **What is tried next.** A [`Strategy`] is a pure function of what is known and of random numbers:
//!    [`BayesianOptimization`] is steps 3 to 5; [`SobolSearch`] and [`RandomSearch`] are the baselines, [`GridSearch`] tries all.
//! 7. **What happened.** A [`Study`] is the ledger: [`ask`](Study::ask) for [`Trial`]s, [`tell`](Study::tell) their
//!    [`Outcome`]s in any order, [`replay`](Study::replay) it from its [`Event`](study::Event)s. [`Order::FixedLag`] makes
//!    the answer the same on one worker or sixteen.
//! 8. **Who runs it.** An [`Evaluator`] takes jobs on and says how they ended; [`FunctionEvaluator`] calls a closure on
//!    threads, [`CommandEvaluator`] runs programs, that of the package `surmise-sagemaker` training jobs. [`tune()`] is the loop between study and evaluator, under [`ResourceLimits`]; a
//!    [`Tuner`] adds rules: [`EarlyStopping`] by what [`stopping`] finds, [`CompletionCriteria`], [`RetryPolicy`], deadlines, observers.
//! 9. **Does it work?** [`conformance`] checks a strategy, an acquisition or an evaluator of your own against what the
//!    contracts promise; the package `surmise-bench` compares strategies on problems, with statistics.
//!
//! # Plugging in
//!
//! Three traits are open: [`Strategy`], [`Acquisition`] and [`Evaluator`]. Each is object-safe; the first two take some fifteen
//! lines, an evaluator that runs jobs side by side some forty. The examples `own_strategy`, `own_acquisition` and `own_evaluator` show them, each with its kit from [`conformance`].
//!
//! # Features
//!
//! By default everything is Rust and nothing is to be installed. `openblas-system`, `openblas-static`, `intel-mkl-system`,
//! `intel-mkl-static`, `netlib-system` and `netlib-static` let LAPACK do the linear algebra instead (all tests hold there, too); they exclude each other. `lapack` alone is for a program that links one itself.
//!
//! `progress-bar` and `tracing` add observers of a tuning: `tune::progress_bar` and `tune::trace`. `regex` lets a [`CommandEvaluator`] find
//! metrics by expressions. `signals` has Ctrl-C and SIGTERM end a tuning well, where a program asks for that. `ask-tell` answers requests in JSON lines, from any other
//! language. `drawing` has the pictures of the benchmark's pages.
//!
//! `unstable` shows internals (`gp`, `maximize`, `linalg`, `lbfgs`, `normal`, `sobol`) and what exists for measurements only: they change
//! in any release, and nothing is promised of them.
//!
//! # References
//!
//! - Abramowitz & Stegun (1964), *Handbook of Mathematical Functions*.
//! - Ament, Daulton, Eriksson, Balandat & Bakshy (2023), *Unexpected Improvements to Expected Improvement for Bayesian
//!   Optimization*.
//! - Benavoli, Corani & Mangili (2016), *Should We Really Use Post-Hoc Tests Based on Mean-Ranks?*
//! - Bertsekas (1982), *Projected Newton Methods for Optimization Problems with Simple Constraints*.
//! - Burley (2020), *Practical Hash-based Owen Scrambling*; Owen (1995), *Randomly Permuted (t, m, s)-Nets and (t, s)-Sequences*;
//!   Sobol (1967), *On the distribution of points in a cube and the approximate evaluation of integrals*.
//! - Cody & Waite (1980), *Software Manual for the Elementary Functions*.
//! - Demšar (2006), *Statistical Comparisons of Classifiers over Multiple Data Sets*.
//! - Domhan, Springenberg & Hutter (2015), *Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks by
//!   Extrapolation of Learning Curves*.
//! - Efron (1979), *Bootstrap Methods: Another Look at the Jackknife*.
//! - Ginsbourger, Le Riche & Carraro (2010), *Kriging Is Well-Suited to Parallelize Optimization*.
//! - Golovin, Solnik, Moitra, Kochanski, Karro & Sculley (2017), *Google Vizier: A Service for Black-Box Optimization*.
//! - Golub & Van Loan (2013), *Matrix Computations*.
//! - Hansen, Finck, Ros & Auger (2009), *Real-Parameter Black-Box Optimization Benchmarking 2009: Noiseless Functions Definitions*.
//! - Hickernell (1998), *A generalized discrepancy and quadrature error bound*.
//! - Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*.
//! - Hyndman & Fan (1996), *Sample Quantiles in Statistical Packages*.
//! - Jones, Schonlau & Welch (1998), *Efficient Global Optimization of Expensive Black-Box Functions*.
//! - Klein, Tiao, Lienart, Archambeau & Seeger (2020), *Model-based Asynchronous Hyperparameter and Neural Architecture Search*.
//! - Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar (2020), *A System for Massively Parallel Hyperparameter
//!   Tuning*.
//! - Mockus (1974), *On Bayesian methods for seeking the extremum*.
//! - Moré & Wild (2009), *Benchmarking Derivative-Free Optimization Algorithms*.
//! - Nocedal & Wright (2006), *Numerical Optimization*.
//! - Perrone et al. (2021), *Amazon SageMaker Automatic Model Tuning: Scalable Gradient-Free Optimization*.
//! - Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*.
//! - Ru, Alvi, Nguyen, Osborne & Roberts (2020), *Bayesian Optimisation over Multiple Continuous and Categorical Inputs*.
//! - Schuirmann (1987), *A Comparison of the Two One-Sided Tests Procedure and the Power Approach*.
//! - Stewart (1980), *The Efficient Generation of Random Orthogonal Matrices*.
//! - Vargha & Delaney (2000), *A Critique and Improvement of the CL Common Language Effect Size Statistics*.
//! - Wan et al. (2021), *Think Global and Act Local: Bayesian Optimisation over High-Dimensional Categorical and Mixed Search
//!   Spaces*.
//! - Yellott (1977), *The relationship between Luce's Choice Axiom, Thurstone's Theory of Comparative Judgment, and the double
//!   exponential distribution*.
//! - Wilcoxon (1945), *Individual comparisons by ranking methods*.
//! - Yeo & Johnson (2000), *A new family of power transformations to improve normality or symmetry*.

#![forbid(unsafe_code)]

mod description;
mod json_number;
mod trial_id;

mod journal_error;
mod outcome;

pub mod error;

#[cfg(feature = "drawing")]
pub mod drawing;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod lbfgs;
#[cfg(feature = "unstable")]
pub mod lbfgs;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod linalg;
#[cfg(feature = "unstable")]
pub mod linalg;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod normal;
#[cfg(feature = "unstable")]
pub mod normal;
#[cfg(feature = "regex")]
pub mod pattern;
#[cfg(unix)]
pub mod process_group;
pub mod rng;
mod significant;
pub mod stable_hash;

pub mod cube;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod sobol;
#[cfg(feature = "unstable")]
pub mod sobol;

#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod maximize;
#[cfg(feature = "unstable")]
pub mod maximize;

pub mod objective;
pub mod space;

pub mod trial;

pub mod limits;

pub mod acquisition;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "seen by feature")]
mod gp;
#[cfg(feature = "unstable")]
pub mod gp;

pub mod stopping;
pub mod strategy;

pub mod study;

#[cfg(unix)]
pub mod journal;

#[cfg(feature = "ask-tell")]
pub mod ask_tell;
pub mod evaluator;

pub mod tune;

pub mod conformance;

pub use self::acquisition::{Acquisition, LogExpectedImprovement};
pub use self::error::{Error, EvaluatorError};
#[cfg(unix)]
pub use self::evaluator::CommandEvaluator;
pub use self::evaluator::{Evaluator, FunctionEvaluator};
pub use self::limits::{
    Canary, CircuitBreaker, CompletionCriteria, EarlyStopping, ResourceLimits, RetryPolicy,
    TuningRules,
};
pub use self::objective::{Goal, Objective};
pub use self::space::{
    CategoricalParameterRange, Configuration, ContinuousParameterRange, IntegerParameterRange,
    ParameterRange, ParameterValue, ScalingType, SearchSpace,
};
pub use self::strategy::{
    BayesianOptimization, GridSearch, RandomSearch, Recipe, Repetitions, SobolSearch, Strategy,
};
pub use self::study::{Asked, LateResults, Order, StoppedTrials, Study, StudySettings};
pub use self::trial::{Failure, FailureKind, Outcome, Trial, TrialId};
pub use self::tune::{StopHandle, StopReason, Tuner, tune};
