//! From a tuning job's configuration to a search.

use std::fmt::Display;
use std::str::FromStr;

use super::config::{HyperParameterTuningJobConfig, JobStrategy, NumericRange};
use crate::error::{Error, Violation};
use crate::limits::ResourceLimits;
use crate::objective::Objective;
use crate::space::{ParameterRange, SearchSpace};
use crate::strategy::{BayesianOptimization, RandomSearch, Strategy};

/// A tuning job in the words of this crate.
#[derive(Debug)]
pub struct Tuning {
    /// What is tuned: the continuous ranges first, then the integer, then the categorical ones.
    pub space: SearchSpace,
    /// What is measured.
    pub objective: Objective,
    /// Within which limits.
    pub limits: ResourceLimits,
    /// How it is searched.
    pub strategy: Box<dyn Strategy>,
    /// The seed, if one is given.
    pub seed: Option<u64>,
    /// Parts of the configuration that this crate does not act on, by their names there.
    pub disregarded: Vec<String>,
}

impl HyperParameterTuningJobConfig {
    /// The search that this configuration describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong: bounds that are not numbers, ranges that break a rule, limits of 0,
    /// a strategy that this crate does not have.
    pub fn tuning(&self) -> Result<Tuning, Error> {
        let space = self.search_space();
        let limits = ResourceLimits {
            max_jobs: self.resource_limits.max_number_of_training_jobs,
            max_parallel_jobs: self.resource_limits.max_parallel_training_jobs,
        };
        let strategy = self.strategy();
        let failures =
            [space.as_ref().err(), limits.check().as_ref().err(), strategy.as_ref().err()]
                .into_iter()
                .flatten()
                .flat_map(|error| error.violations().to_vec())
                .collect();
        Error::unless_empty(failures)?;
        let goal = self.objective.goal;
        Ok(Tuning {
            space: space?,
            objective: Objective { metric_name: self.objective.metric_name.clone(), goal },
            limits,
            strategy: strategy?,
            seed: self.random_seed,
            disregarded: self.disregarded(),
        })
    }

    fn disregarded(&self) -> Vec<String> {
        let ranges = &self.parameter_ranges;
        let parts = [
            ("", &self.other),
            ("HyperParameterTuningJobObjective.", &self.objective.other),
            ("ResourceLimits.", &self.resource_limits.other),
            ("ParameterRanges.", &ranges.other),
        ];
        let numeric =
            ranges.continuous_parameter_ranges.iter().chain(&ranges.integer_parameter_ranges);
        let of_ranges = numeric.map(|range| (&range.name, &range.other)).chain(
            ranges.categorical_parameter_ranges.iter().map(|range| (&range.name, &range.other)),
        );
        let named = |place: &str, other: &serde_json::Map<String, serde_json::Value>| {
            other.keys().map(|key| format!("{place}{key}")).collect::<Vec<_>>()
        };
        parts
            .iter()
            .flat_map(|(place, other)| named(place, other))
            .chain(of_ranges.flat_map(|(name, other)| named(&format!("{name}."), other)))
            .collect()
    }

    fn search_space(&self) -> Result<SearchSpace, Error> {
        let ranges = &self.parameter_ranges;
        let continuous = ranges.continuous_parameter_ranges.iter().map(|range| {
            let (min, max) = bounds(range, "a number such as 0.5 or 1e-3")?;
            ParameterRange::continuous(
                &range.name,
                min..=max,
                range.scaling_type.unwrap_or_default(),
            )
        });
        let integer = ranges.integer_parameter_ranges.iter().map(|range| {
            let (min, max) = bounds(range, "a whole number such as 10")?;
            ParameterRange::integer(&range.name, min..=max, range.scaling_type.unwrap_or_default())
        });
        let categorical = ranges
            .categorical_parameter_ranges
            .iter()
            .map(|range| ParameterRange::categorical(&range.name, &range.values));
        SearchSpace::new(continuous.chain(integer).chain(categorical))
    }

    fn strategy(&self) -> Result<Box<dyn Strategy>, Error> {
        match self.strategy {
            JobStrategy::Bayesian => Ok(Box::new(BayesianOptimization::default())),
            JobStrategy::Random => Ok(Box::new(RandomSearch)),
            JobStrategy::Hyperband | JobStrategy::Grid => {
                Err(Error::Invalid(vec![Violation::new(
                    "Strategy",
                    format!("{:?}", self.strategy),
                    "this crate searches by Bayesian and by Random",
                    "use one of these",
                )]))
            }
        }
    }
}

/// Both ends of a range, read from their strings.
fn bounds<T: FromStr<Err: Display>>(range: &NumericRange, wanted: &str) -> Result<(T, T), Error> {
    let read = |end: &str, text: &str| {
        text.trim().parse::<T>().map_err(|error| {
            Violation::new(
                &range.name,
                format!("{end} {text:?}"),
                format!("{end} is {wanted}: {error}"),
                "write it as a decimal string",
            )
        })
    };
    match (read("MinValue", &range.min_value), read("MaxValue", &range.max_value)) {
        (Ok(min), Ok(max)) => Ok((min, max)),
        (min, max) => Err(Error::Invalid([min.err(), max.err()].into_iter().flatten().collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Goal;
    use crate::space::ScalingType;

    const JOB: &str = include_str!("../../examples/data/tuning_job.json");

    #[test]
    fn the_sample_job_is_read_whole_and_survives_a_round_trip() {
        let config: HyperParameterTuningJobConfig = serde_json::from_str(JOB).unwrap();
        let tuning = config.tuning().unwrap();
        let names: Vec<&str> = tuning.space.ranges().iter().map(ParameterRange::name).collect();
        assert_eq!(names, ["alpha", "gamma", "max_delta_step", "max_depth"]);
        assert_eq!(tuning.objective.goal, Goal::Minimize);
        assert_eq!(tuning.objective.metric_name, "validation:rmse");
        assert_eq!(tuning.limits, ResourceLimits::new(50, 4));
        let ParameterRange::Continuous(alpha) = &tuning.space.ranges()[0] else { panic!("alpha") };
        assert_eq!((alpha.min(), alpha.max(), alpha.scaling()), (0.0, 1000.0, ScalingType::Auto));
        let original: serde_json::Value = serde_json::from_str(JOB).unwrap();
        assert_eq!(serde_json::to_value(&config).unwrap(), original);
    }

    #[test]
    fn what_is_not_acted_on_is_kept_and_named() {
        let mut job: serde_json::Value = serde_json::from_str(JOB).unwrap();
        job["TrainingJobEarlyStoppingType"] = "Auto".into();
        job["ResourceLimits"]["MaxRuntimeInSeconds"] = 3600.into();
        job["ParameterRanges"]["IntegerParameterRanges"][1]["Unit"] = "levels".into();
        let config: HyperParameterTuningJobConfig = serde_json::from_value(job.clone()).unwrap();
        assert_eq!(serde_json::to_value(&config).unwrap(), job);
        assert_eq!(
            config.tuning().unwrap().disregarded,
            [
                "TrainingJobEarlyStoppingType",
                "ResourceLimits.MaxRuntimeInSeconds",
                "max_depth.Unit",
            ]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut config: HyperParameterTuningJobConfig = serde_json::from_str(JOB).unwrap();
        config.strategy = JobStrategy::Grid;
        config.resource_limits.max_parallel_training_jobs = 0;
        config.parameter_ranges.continuous_parameter_ranges[0].min_value = "none".to_owned();
        config.parameter_ranges.integer_parameter_ranges[0].max_value = "1.5".to_owned();
        config.parameter_ranges.integer_parameter_ranges[1].max_value = "-3".to_owned();
        let error = config.tuning().unwrap_err();
        let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
        assert_eq!(
            subjects,
            ["alpha", "max_delta_step", "max_depth", "max_parallel_jobs", "Strategy"]
        );
    }
}
