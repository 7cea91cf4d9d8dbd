//! `surmise bench random-means`: prints what random search finds.

use std::collections::BTreeMap;
use std::process::ExitCode;

use rayon::prelude::*;
use surmise_bench::boosting::Boosting;
use surmise_bench::{Case, RandomMeans, SUITES, Suite, learner_cases};

use crate::output::{CommandError, InvalidInput, print_line};

/// Prints the mean results of random search on all cases, or on the named ones.
///
/// The case `boosting` is included only if it is named.
pub(super) fn random_means(problems: &[String]) -> Result<ExitCode, CommandError> {
    const SAMPLES: usize = 100_000;
    // Evaluations of real learners are slow, so they get fewer samples.
    const LEARNER_SAMPLES: usize = 10_000;
    const SLOW_LEARNER_SAMPLES: usize = 2_000;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for suite in SUITES {
        let suite_cases = Suite::named(suite)?.into_cases();
        cases.extend(suite_cases.into_iter().map(|case| (case.name(), case)));
    }
    cases.extend(learner_cases().into_iter().map(|case| (case.name(), case)));
    if !problems.is_empty() {
        let boosting = Boosting::case();
        cases.insert(boosting.name(), boosting);
        cases.retain(|name, _| problems.iter().any(|text| name.contains(text.as_str())));
    }
    if cases.is_empty() {
        let texts = problems.join(", ");
        return Err(InvalidInput(format!("no problem has a name with {texts} in it")).into());
    }
    let slow = learner_cases();
    let estimate = |(name, case): (String, Case)| {
        let samples = match case.problem().name() {
            "network" | "boosting" => LEARNER_SAMPLES,
            name if slow.iter().any(|case| case.problem().name() == name) => SLOW_LEARNER_SAMPLES,
            _ => SAMPLES,
        };
        RandomMeans::estimate(case.problem(), samples, 1).map(|means| (name, means))
    };
    let means: Option<BTreeMap<String, RandomMeans>> =
        cases.into_par_iter().map(estimate).collect();
    let lines: Vec<String> = means
        .ok_or("no evaluation of a problem returned a value")?
        .iter()
        .map(|(name, means)| Ok(format!(" {name:?}: {}", serde_json::to_string(means)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    print_line(format!("{{\n{}\n}}", lines.join(",\n")))?;
    Ok(ExitCode::SUCCESS)
}
