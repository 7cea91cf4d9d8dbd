//! Surmise tunes expensive black boxes, first of all the hyperparameters of machine learning.
//!
//! You describe ranges and an objective. Surmise proposes configurations, an evaluator runs them as
//! jobs under limits, and a Gaussian process learns from the results:
//!
//! ```
//! use surmise::{
//!     BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, ParameterRange,
//!     ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
//! };
//!
//! let space = SearchSpace::new([
//!     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
//!     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
//! ])?;
//! let limits = ResourceLimits::new(20, 2); // 20 jobs, 2 at a time
//! let settings = StudySettings { limits, ..Default::default() };
//! let strategy = BayesianOptimization::default();
//! let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
//! let mut evaluator = FunctionEvaluator::new(|c: &Configuration| {
//!     let rate = c.float("learning_rate").log10() + 2.5;
//!     Ok::<f64, String>(rate.powi(2) + (c.float("layers") - 3.0).abs())
//! });
//! let result = tune(&mut study, &mut evaluator)?;
//! println!("{}", result.reason);
//! let best = study.best().expect("a trial has completed");
//! assert_eq!(best.configuration.integer("layers"), 3);
//! # Ok::<(), Error>(())
//! ```
//!
//! # What you can do, and where
//!
//! | you want to | start at | chapter |
//! | --- | --- | --- |
//! | describe parameters | [`SearchSpace`], [`ParameterRange`], [`ScalingType`] | [`guide::ranges_and_scales`] |
//! | tune a Rust function | [`FunctionEvaluator`], [`tune()`] | [`guide::first_tuning`] |
//! | tune a program in any language | [`CommandEvaluator`], or the command `surmise` | [`guide::first_tuning`] |
//! | set rules: early stopping, retries, timeouts, targets | [`Tuner`] | [`guide::stopping`], [`guide::failures`] |
//! | run your own loop, or use tokio | [`Study::ask`], [`Study::tell`] | [`guide::async_programs`] |
//! | run jobs in parallel, repeatably | [`ResourceLimits`], [`Order`] | [`guide::parallel_jobs`] |
//! | survive a crash, resume later | `journal::Journal` | [`guide::save_and_resume`] |
//! | handle noisy metrics | [`Study::recommended`], [`Repetitions`] | [`guide::noise`] |
//! | know why a trial was proposed | [`Study::why`] | [`guide::how_it_works`] |
//! | choose or adjust a strategy | [`BayesianOptimization`], [`Recipe`] | [`guide::choosing_a_strategy`] |
//! | run jobs elsewhere, in your way | [`Evaluator`] | [`guide::your_own_evaluator`] |
//! | add an optimizer, or an acquisition | [`Strategy`], [`Acquisition`] | [`guide::your_own_strategy`] |
//! | use another language | `ask_tell` (feature `ask-tell`) | [`guide::another_machine`] |
//! | check a plug-in of yours | [`conformance`] | [`guide::your_own_strategy`] |
//!
//! Further packages: `surmise-cli` (the command `surmise`), `surmise-sagemaker` (tuning requests
//! and training jobs), `surmise-bench` (comparisons of strategies), `surmise-report` (what a study
//! has learned, as a page).
//!
//! # How the modules fit together
//!
//! ```text
//! ParameterRange → SearchSpace ⇒ UnitPoint → gp::Posterior → Acquisition → maximize → Strategy
//!                                                                                       ↓
//! Study ← Outcome ← Evaluator (runs jobs) ← Trial ⇐ Study (records events, decodes points)
//! ```
//!
//! Outside of `⇒` and `⇐` are names, units, metrics and goals, in the words of Amazon SageMaker's
//! automatic model tuning. Inside are points of the unit cube and losses to minimize, in the words
//! of the literature ([`guide::references`]).
//!
//! # Features
//!
//! By default everything is Rust, and there is nothing to install.
//!
//! - `regex` finds metrics of programs by regular expressions.
//! - `signals` lets a program end a tuning cleanly on Ctrl-C and SIGTERM.
//! - `progress-bar` and `tracing` add observers of a tuning: `tune::progress_bar`, `tune::trace`.
//! - `ask-tell` answers requests as JSON lines, from other languages.
//! - `drawing` draws SVG pictures.
//! - `unstable` makes internals public (`gp`, `maximize`, `linalg`, `lbfgs`, `normal`, `sobol`).
//!   They may change in any release.
//! - `openblas-system`, `openblas-static`, `intel-mkl-system`, `intel-mkl-static`, `netlib-system`
//!   and `netlib-static` use LAPACK for linear algebra. They exclude each other. `lapack` does so
//!   in a program that links LAPACK itself.

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
mod significant_digits;
pub mod stable_hash;

pub mod unit_cube;
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

pub mod guide;

#[doc(inline)]
pub use self::acquisition::{Acquisition, LogExpectedImprovement};
#[doc(inline)]
pub use self::error::{Error, EvaluatorError};
#[cfg(unix)]
#[doc(inline)]
pub use self::evaluator::CommandEvaluator;
#[doc(inline)]
pub use self::evaluator::{Evaluator, FunctionEvaluator};
#[doc(inline)]
pub use self::limits::{
    Canary, CircuitBreaker, CompletionCriteria, EarlyStopping, ResourceLimits, RetryPolicy,
    TuningRules,
};
#[doc(inline)]
pub use self::objective::{Goal, Objective};
#[doc(inline)]
pub use self::space::{
    CategoricalParameterRange, Configuration, ContinuousParameterRange, IntegerParameterRange,
    ParameterRange, ParameterValue, ScalingType, SearchSpace,
};
#[doc(inline)]
pub use self::strategy::{
    BayesianOptimization, GridSearch, RandomSearch, Recipe, Repetitions, SobolSearch, Strategy,
};
#[doc(inline)]
pub use self::study::{AskOutcome, LateOutcomes, Order, StoppedTrials, Study, StudySettings};
#[doc(inline)]
pub use self::trial::{Failure, FailureKind, Outcome, Trial, TrialId};
#[doc(inline)]
pub use self::tune::{StopHandle, StopReason, Tuner, tune};

/// The code blocks of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
