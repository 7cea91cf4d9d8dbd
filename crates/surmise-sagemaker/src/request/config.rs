//! `HyperParameterTuningJobConfig` as types, with SageMaker's names.
//!
//! Numbers that SageMaker expects as strings stay strings.

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
    /// The configuration of a tuning job: strategy, objective, ranges and limits.
    pub struct HyperParameterTuningJobConfig in "HyperParameterTuningJobConfig" {
        required {
            /// The strategy that chooses hyperparameters.
            strategy: JobStrategy = "Strategy", JobStrategy::SHAPE;
            /// The limits of training jobs and time.
            resource_limits: JobResourceLimits = "ResourceLimits", JobResourceLimits::SHAPE;
        }
        optional {
            /// The settings of the strategy.
            strategy_config: JobStrategyConfig = "StrategyConfig", JobStrategyConfig::SHAPE;
            /// The objective, unless each definition of training jobs has its own.
            objective: JobObjective = "HyperParameterTuningJobObjective", JobObjective::SHAPE;
            /// The ranges, unless each definition of training jobs has its own.
            parameter_ranges: ParameterRanges = "ParameterRanges", ParameterRanges::SHAPE;
            /// Whether SageMaker stops unpromising training jobs early.
            early_stopping: TrainingJobEarlyStoppingType = "TrainingJobEarlyStoppingType",
                TrainingJobEarlyStoppingType::SHAPE;
            /// The criteria that complete the tuning job before its limits.
            completion_criteria: TuningJobCompletionCriteria = "TuningJobCompletionCriteria",
                TuningJobCompletionCriteria::SHAPE;
            /// The seed of the proposals.
            random_seed: u32 = "RandomSeed", Shape::at_least(0);
        }
    }
}

choices! {
    /// The strategy of a tuning job.
    pub enum JobStrategy {
        /// Bayesian optimization with a surrogate model.
        Bayesian = "Bayesian",
        /// Random search over the ranges.
        Random = "Random",
        /// Random search that stops unpromising jobs early.
        Hyperband = "Hyperband",
        /// Grid search over all combinations of categories.
        Grid = "Grid",
    }
}

structure! {
    /// The settings of a tuning job's strategy.
    pub struct JobStrategyConfig in "HyperParameterTuningJobStrategyConfig" {
        required {}
        optional {
            /// The settings of the strategy Hyperband.
            hyperband: HyperbandStrategyConfig = "HyperbandStrategyConfig",
                HyperbandStrategyConfig::SHAPE;
        }
    }
}

structure! {
    /// The settings of Hyperband; a resource is, for example, an epoch.
    pub struct HyperbandStrategyConfig in "HyperbandStrategyConfig" {
        required {}
        optional {
            /// The resource that each job gets before it may be stopped.
            min_resource: u32 = "MinResource", Shape::at_least(1);
            /// The resource at which each job ends.
            max_resource: u32 = "MaxResource", Shape::at_least(1);
        }
    }
}

structure! {
    /// The objective of a tuning job.
    pub struct JobObjective in "HyperParameterTuningJobObjective" {
        required {
            /// Whether the metric is minimized or maximized.
            goal: Goal = "Type", GOAL;
            /// The metric that training jobs report.
            metric_name: String = "MetricName", METRIC_NAME;
        }
        optional {}
    }
}

structure! {
    /// The limits of a tuning job.
    pub struct JobResourceLimits in "ResourceLimits" {
        required {
            /// The maximum number of training jobs that run at the same time.
            max_parallel_training_jobs: u32 = "MaxParallelTrainingJobs", Shape::at_least(1);
        }
        optional {
            /// The maximum number of training jobs.
            max_number_of_training_jobs: u32 = "MaxNumberOfTrainingJobs", Shape::at_least(1);
            /// The maximum duration of the tuning job, in seconds.
            max_runtime_in_seconds: u32 = "MaxRuntimeInSeconds", Shape::between(120, 15_768_000);
        }
    }
}

structure! {
    /// The ranges of a tuning job by type.
    pub struct ParameterRanges in "ParameterRanges" {
        required {}
        optional {
            /// The ranges of whole numbers.
            integer: Vec<NumericRange> = "IntegerParameterRanges",
                Shape::list(&NumericRange::SHAPE, 0, 30);
            /// The ranges of real numbers.
            continuous: Vec<NumericRange> = "ContinuousParameterRanges",
                Shape::list(&NumericRange::SHAPE, 0, 30);
            /// The lists of categories.
            categorical: Vec<CategoricalRange> = "CategoricalParameterRanges",
                Shape::list(&CategoricalRange::SHAPE, 0, 30);
            /// Hyperparameters for which Autotune chooses a range.
            auto_parameters: Vec<AutoParameter> = "AutoParameters",
                Shape::list(&AutoParameter::SHAPE, 0, 100);
        }
    }
}

structure! {
    /// A continuous or integer range; its bounds are strings, as in SageMaker.
    pub struct NumericRange in "ParameterRange" {
        required {
            /// The name of the hyperparameter.
            name: String = "Name", KEY;
            /// The smallest value, as text.
            min_value: String = "MinValue", VALUE;
            /// The largest value, as text.
            max_value: String = "MaxValue", VALUE;
        }
        optional {
            /// The scale of the range; `Auto` by default.
            scaling_type: ScalingType = "ScalingType", SCALING;
        }
    }
}

structure! {
    /// A categorical range: a list of values.
    pub struct CategoricalRange in "CategoricalParameterRange" {
        required {
            /// The name of the hyperparameter.
            name: String = "Name", KEY;
            /// The values to choose from.
            values: Vec<String> = "Values", VALUES;
        }
        optional {}
    }
}

structure! {
    /// A hyperparameter for which Autotune chooses a range.
    pub struct AutoParameter in "AutoParameter" {
        required {
            /// The name of the hyperparameter.
            name: String = "Name", KEY;
            /// A typical value of the hyperparameter, as text.
            value_hint: String = "ValueHint", VALUE;
        }
        optional {}
    }
}

choices! {
    /// Whether SageMaker stops unpromising training jobs early.
    pub enum TrainingJobEarlyStoppingType {
        /// No training job is stopped early.
        Off = "Off",
        /// Training jobs are stopped by the median rule.
        Auto = "Auto",
    }
}

structure! {
    /// The criteria that complete a tuning job before its limits; any one suffices.
    pub struct TuningJobCompletionCriteria in "TuningJobCompletionCriteria" {
        required {}
        optional {
            /// The value of the objective that completes the tuning job.
            ///
            /// It keeps its notation, so that 1 is not written as 1.0.
            target_value: serde_json::Number = "TargetObjectiveMetricValue", Shape::Float;
            /// The number of jobs without improvement that completes the tuning job.
            not_improving: BestObjectiveNotImproving = "BestObjectiveNotImproving",
                BestObjectiveNotImproving::SHAPE;
            /// Whether detected convergence completes the tuning job.
            convergence: ConvergenceDetected = "ConvergenceDetected", ConvergenceDetected::SHAPE;
        }
    }
}

structure! {
    /// The criterion that completes a tuning job whose best value does not improve.
    pub struct BestObjectiveNotImproving in "BestObjectiveNotImproving" {
        required {}
        optional {
            /// The number of consecutive training jobs without improvement.
            max_jobs_not_improving: u32 = "MaxNumberOfTrainingJobsNotImproving", Shape::at_least(3);
        }
    }
}

structure! {
    /// The criterion that completes a tuning job when SageMaker detects convergence.
    pub struct ConvergenceDetected in "ConvergenceDetected" {
        required {}
        optional {
            /// Whether detected convergence completes the tuning job.
            complete_on_convergence: CompleteOnConvergence = "CompleteOnConvergence",
                CompleteOnConvergence::SHAPE;
        }
    }
}

choices! {
    /// Whether detected convergence completes a tuning job.
    pub enum CompleteOnConvergence {
        /// The tuning job continues after convergence.
        Disabled = "Disabled",
        /// The tuning job completes after convergence.
        Enabled = "Enabled",
    }
}

/// Parses a whole number.
///
/// Notations such as ` 10`, `1e3` and `10.0` are accepted, too. It is unknown whether the service
/// accepts them.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    /// 2⁵³, up to which a float represents every integer.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "an integer of at most 2⁵³")]
    let from_float =
        |number: f64| (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64);
    text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(from_float))
}

/// Parses a finite number, with or without spaces around it.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
