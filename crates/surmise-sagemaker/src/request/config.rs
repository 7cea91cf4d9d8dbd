//! `HyperParameterTuningJobConfig`, in SageMaker's own words. Numbers that SageMaker takes as strings are the strings that were
//! given.

use super::declare::{choices, structure};
use crate::shape::Shape;
use surmise::objective::Goal;
use surmise::space::ScalingType;

pub(crate) const METRIC_NAME: Shape = Shape::line(1, 255);
const KEY: Shape = Shape::line(0, 256);
const VALUE: Shape = Shape::line(0, 256);
const VALUES: Shape = Shape::list(&VALUE, 1, 30);
const GOAL: Shape = Shape::Choice(&["Maximize", "Minimize"]);
const SCALING: Shape = Shape::Choice(&["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]);

structure! {
    /// How a tuning job searches, for what, and within which limits.
    pub struct HyperParameterTuningJobConfig in "HyperParameterTuningJobConfig" {
        required {
            /// How it searches.
            strategy: JobStrategy = "Strategy", JobStrategy::SHAPE;
            /// Within which limits.
            resource_limits: JobResourceLimits = "ResourceLimits", JobResourceLimits::SHAPE;
        }
        optional {
            /// More on how it searches.
            strategy_config: JobStrategyConfig = "StrategyConfig", JobStrategyConfig::SHAPE;
            /// For what; a definition of training jobs may say it instead.
            objective: JobObjective = "HyperParameterTuningJobObjective", JobObjective::SHAPE;
            /// Where; a definition of training jobs may say it instead.
            parameter_ranges: ParameterRanges = "ParameterRanges", ParameterRanges::SHAPE;
            /// Whether training jobs that promise little are stopped early.
            early_stopping: TrainingJobEarlyStoppingType = "TrainingJobEarlyStoppingType",
                TrainingJobEarlyStoppingType::SHAPE;
            /// When it is enough, besides the limits.
            completion_criteria: TuningJobCompletionCriteria = "TuningJobCompletionCriteria",
                TuningJobCompletionCriteria::SHAPE;
            /// Same seed, same proposals.
            random_seed: u32 = "RandomSeed", Shape::at_least(0);
        }
    }
}

choices! {
    /// How a tuning job searches.
    pub enum JobStrategy {
        /// By a model.
        Bayesian = "Bayesian",
        /// By chance.
        Random = "Random",
        /// By chance, with unpromising jobs stopped early.
        Hyperband = "Hyperband",
        /// Every combination.
        Grid = "Grid",
    }
}

structure! {
    /// More on how a tuning job searches.
    pub struct JobStrategyConfig in "HyperParameterTuningJobStrategyConfig" {
        required {}
        optional {
            /// For Hyperband.
            hyperband: HyperbandStrategyConfig = "HyperbandStrategyConfig", HyperbandStrategyConfig::SHAPE;
        }
    }
}

structure! {
    /// Between which resources, such as epochs, Hyperband decides.
    pub struct HyperbandStrategyConfig in "HyperbandStrategyConfig" {
        required {}
        optional {
            /// No job is stopped before it has had so many.
            min_resource: u32 = "MinResource", Shape::at_least(1);
            /// A job ends when it has had so many.
            max_resource: u32 = "MaxResource", Shape::at_least(1);
        }
    }
}

structure! {
    /// What a tuning job searches for.
    pub struct JobObjective in "HyperParameterTuningJobObjective" {
        required {
            /// Which way is better.
            goal: Goal = "Type", GOAL;
            /// The metric that training jobs report.
            metric_name: String = "MetricName", METRIC_NAME;
        }
        optional {}
    }
}

structure! {
    /// How many training jobs a tuning job may run, and for how long.
    pub struct JobResourceLimits in "ResourceLimits" {
        required {
            /// At once.
            max_parallel_training_jobs: u32 = "MaxParallelTrainingJobs", Shape::at_least(1);
        }
        optional {
            /// In all.
            max_number_of_training_jobs: u32 = "MaxNumberOfTrainingJobs", Shape::at_least(1);
            /// Seconds.
            max_runtime_in_seconds: u32 = "MaxRuntimeInSeconds", Shape::between(120, 15_768_000);
        }
    }
}

structure! {
    /// The ranges of a tuning job by type.
    pub struct ParameterRanges in "ParameterRanges" {
        required {}
        optional {
            /// Whole numbers.
            integer: Vec<NumericRange> = "IntegerParameterRanges", Shape::list(&NumericRange::SHAPE, 0, 30);
            /// Real numbers.
            continuous: Vec<NumericRange> = "ContinuousParameterRanges",
                Shape::list(&NumericRange::SHAPE, 0, 30);
            /// Named values.
            categorical: Vec<CategoricalRange> = "CategoricalParameterRanges",
                Shape::list(&CategoricalRange::SHAPE, 0, 30);
            /// Hyperparameters for which Autotune chooses a range.
            auto_parameters: Vec<AutoParameter> = "AutoParameters",
                Shape::list(&AutoParameter::SHAPE, 0, 100);
        }
    }
}

structure! {
    /// A continuous or an integer range; its ends are strings, as SageMaker has them.
    pub struct NumericRange in "ParameterRange" {
        required {
            /// The hyperparameter.
            name: String = "Name", KEY;
            /// Smallest value.
            min_value: String = "MinValue", VALUE;
            /// Largest value.
            max_value: String = "MaxValue", VALUE;
        }
        optional {
            /// How it is searched; `Auto` if absent.
            scaling_type: ScalingType = "ScalingType", SCALING;
        }
    }
}

structure! {
    /// A categorical range.
    pub struct CategoricalRange in "CategoricalParameterRange" {
        required {
            /// The hyperparameter.
            name: String = "Name", KEY;
            /// What can be chosen.
            values: Vec<String> = "Values", VALUES;
        }
        optional {}
    }
}

structure! {
    /// A hyperparameter for which Autotune chooses a range.
    pub struct AutoParameter in "AutoParameter" {
        required {
            /// The hyperparameter.
            name: String = "Name", KEY;
            /// A value to begin with.
            value_hint: String = "ValueHint", VALUE;
        }
        optional {}
    }
}

choices! {
    /// Whether training jobs that promise little are stopped early.
    pub enum TrainingJobEarlyStoppingType {
        /// All run to their end.
        Off = "Off",
        /// By the median rule.
        Auto = "Auto",
    }
}

structure! {
    /// When a tuning job is done, besides its limits. Any one of them ends it.
    pub struct TuningJobCompletionCriteria in "TuningJobCompletionCriteria" {
        required {}
        optional {
            /// A training job reached this value; as it was given, so that 1 is not written as 1.0.
            target_value: serde_json::Number = "TargetObjectiveMetricValue", Shape::Float;
            /// The best value did not improve for some time.
            not_improving: BestObjectiveNotImproving = "BestObjectiveNotImproving",
                BestObjectiveNotImproving::SHAPE;
            /// Little can be gained any more.
            convergence: ConvergenceDetected = "ConvergenceDetected", ConvergenceDetected::SHAPE;
        }
    }
}

structure! {
    /// For how long the best value may stay as it is.
    pub struct BestObjectiveNotImproving in "BestObjectiveNotImproving" {
        required {}
        optional {
            /// So many training jobs in a row.
            max_jobs_not_improving: u32 = "MaxNumberOfTrainingJobsNotImproving", Shape::at_least(3);
        }
    }
}

structure! {
    /// Whether a tuning job ends when it has converged.
    pub struct ConvergenceDetected in "ConvergenceDetected" {
        required {}
        optional {
            /// Whether.
            complete_on_convergence: CompleteOnConvergence = "CompleteOnConvergence",
                CompleteOnConvergence::SHAPE;
        }
    }
}

choices! {
    /// Whether a tuning job ends when it has converged.
    pub enum CompleteOnConvergence {
        /// It does not.
        Disabled = "Disabled",
        /// It does.
        Enabled = "Enabled",
    }
}

/// A whole number in a string. Other strings that mean one (` 10`, `1e3`, `10.0`) are taken, too: whether the service takes them
/// is not known.
pub(crate) fn integer_of(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "whole and exact")]
    let lenient =
        |number: f64| (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64);
    text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(lenient))
}

/// A finite number in a string, with space around it or without.
pub(crate) fn real_of(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
