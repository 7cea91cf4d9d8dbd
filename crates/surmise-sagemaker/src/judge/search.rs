//! Rules of how a job searches: strategy, objective, limits, completion.

use super::case::Case;
use crate::node::Node;
use crate::verdict::Findings;

/// The most that Hyperband's resource may be, by the text of the service's model.
const MOST_RESOURCE: i64 = 20_000;
/// Static hyperparameters from which Hyperband infers its greatest resource, likewise.
pub(crate) const EPOCHS: [&str; 5] = ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"];

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let Some(config) = &case.config else { return };
    check_hyperband(case, config, findings);
    check_limits(case, findings);
    check_completion(case, config, findings);
    check_objectives(case, config, findings);
    check_ranges_once(case, config, findings);
    if case.definitions.len() > 1
        && let Some(node) = config.member("TrainingJobEarlyStoppingType")
        && node.value == "Auto"
    {
        let rule = "early stopping works with one definition of training jobs only";
        findings.error(&node, rule, "use Off, or one definition");
    }
}

fn check_hyperband(case: &Case<'_>, config: &Node<'_>, findings: &mut Findings) {
    let settings = config.at(&["StrategyConfig", "HyperbandStrategyConfig"]);
    if case.strategy() != Some("Hyperband") {
        if case.strategy().is_some()
            && let Some(node) = settings
        {
            findings.error(&node, "this is for Strategy Hyperband only", "remove it");
        }
        return;
    }
    if let Some(node) = config.member("TrainingJobEarlyStoppingType")
        && node.value == "Auto"
    {
        findings.error(&node, "Hyperband has early stopping of its own", "use Off");
    }
    let resource = |name: &str| settings.as_ref().and_then(|settings| settings.member(name));
    let number = |name: &str| resource(name).and_then(|node| node.value.as_i64());
    if let Some(node) = resource("MaxResource")
        && node.value.as_i64().is_some_and(|most| most > MOST_RESOURCE)
    {
        findings.error(&node, format!("it must be at most {MOST_RESOURCE}"), "lower it");
    }
    if let (Some(least), Some(most)) = (number("MinResource"), number("MaxResource"))
        && least > most
        && let Some(node) = resource("MinResource")
    {
        findings.error(&node, format!("it must be at most MaxResource, {most}"), "lower it");
    }
    let has_most = settings.as_ref().is_some_and(|settings| settings.has("MaxResource"))
        || config.awaits("StrategyConfig")
        || config
            .member("StrategyConfig")
            .is_some_and(|node| node.awaits("HyperbandStrategyConfig"));
    for definition in case.definitions.iter().filter(|_| !has_most) {
        let statics = definition.member("StaticHyperParameters");
        let given = EPOCHS.iter().filter_map(|name| statics.as_ref()?.place(name));
        let given: Vec<Node<'_>> = given.collect();
        let infers = !given.is_empty();
        check_epochs(&given, number("MinResource").unwrap_or(1), findings);
        if !infers && !definition.awaits("StaticHyperParameters") {
            findings.missing(
                format!("{}.StrategyConfig.HyperbandStrategyConfig.MaxResource", config.path),
                format!(
                    "Hyperband needs it, unless a static hyperparameter of {} says it",
                    definition.path
                ),
                format!("give it, or one of {}", EPOCHS.join(", ")),
            );
        }
    }
}

/// What Hyperband infers its greatest resource from is a whole number, written by its digits.
fn check_epochs(given: &[Node<'_>], least: i64, findings: &mut Findings) {
    for node in given.iter().filter(|node| !node.is_open()) {
        let Some(text) = node.value.as_str() else { continue };
        match epochs(text) {
            None => findings.error(
                node,
                "Hyperband infers its greatest resource from it, a whole number of at least 1",
                "write it by its digits, or give MaxResource",
            ),
            Some(most) if i64::try_from(most).is_ok_and(|most| most < least) => {
                let rule =
                    format!("Hyperband's greatest resource is at least MinResource, {least}");
                findings.error(node, rule, "raise it, or lower MinResource");
            }
            Some(_) => {}
        }
    }
}

/// The greatest resource that a static hyperparameter says.
pub(crate) fn epochs(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|epochs| *epochs >= 1)
}

fn check_limits(case: &Case<'_>, findings: &mut Findings) {
    let quotas = &case.known.quotas;
    let random = case.strategy() == Some("Random");
    let most = if random { quotas.random_training_jobs } else { quotas.training_jobs };
    let of_name = format!("({})", quotas.name);
    let beyond = |name: &str, most: u32| {
        case.limit(name).filter(|node| node.value.as_i64().is_some_and(|n| n > i64::from(most)))
    };
    let remedy =
        "lower it, or have the quota raised and judge with Quotas::RAISED (--quotas raised)";
    if let Some(node) = beyond("MaxNumberOfTrainingJobs", most) {
        findings.error(
            &node,
            format!("a tuning job has at most {most} training jobs {of_name}"),
            remedy,
        );
    }
    let most = quotas.parallel_training_jobs;
    if let Some(node) = beyond("MaxParallelTrainingJobs", most) {
        findings.error(
            &node,
            format!("at most {most} training jobs run at once {of_name}"),
            remedy,
        );
    }
    let most = quotas.tuning_runtime_in_seconds;
    if let Some(node) = beyond("MaxRuntimeInSeconds", most) {
        // The service's model allows half a year, so somebody may have it.
        findings.warning(
            &node,
            format!("a tuning job may take at most {most} seconds {of_name}"),
            remedy,
        );
    }
    let parallel = case.limit("MaxParallelTrainingJobs");
    let parallel_jobs = parallel.as_ref().and_then(|node| node.value.as_i64());
    if let (Some(parallel), Some(at_once), Some(jobs)) = (&parallel, parallel_jobs, case.max_jobs())
    {
        if case.strategy() == Some("Bayesian") && at_once >= jobs && jobs > 1 {
            findings.warning(
                parallel,
                format!(
                    "all {jobs} jobs start at once: none learns from another, and nothing is Bayesian about it"
                ),
                format!("lower it to {} at most, or raise MaxNumberOfTrainingJobs", (jobs / 4).max(1)),
            );
        } else if at_once > jobs {
            findings.warning(
                parallel,
                format!("no more than MaxNumberOfTrainingJobs, {jobs}, can run at once"),
                "lower it",
            );
        }
    }
    warn_of_no_end(case, findings);
}

fn warn_of_no_end(case: &Case<'_>, findings: &mut Findings) {
    let Some(limits) = case.config.as_ref().and_then(|config| config.member("ResourceLimits"))
    else {
        return;
    };
    let ends = limits.has("MaxNumberOfTrainingJobs") || limits.has("MaxRuntimeInSeconds");
    if !ends && case.strategy() != Some("Grid") && !case.is_autotuned() {
        findings.warning(
            &limits,
            "nothing but completion criteria and quotas ends this job",
            "add MaxNumberOfTrainingJobs or MaxRuntimeInSeconds",
        );
    }
}

fn check_completion(case: &Case<'_>, config: &Node<'_>, findings: &mut Findings) {
    let not_improving = [
        "TuningJobCompletionCriteria",
        "BestObjectiveNotImproving",
        "MaxNumberOfTrainingJobsNotImproving",
    ];
    if let (Some(node), Some(jobs)) = (config.at(&not_improving), case.max_jobs())
        && node.value.as_i64().is_some_and(|patience| patience >= jobs)
    {
        findings.warning(
            &node,
            format!("this never ends a job of at most {jobs} training jobs"),
            "lower it, or leave it out",
        );
    }
}

/// Each search has an objective somewhere.
fn check_objectives(case: &Case<'_>, config: &Node<'_>, findings: &mut Findings) {
    const IN_CONFIG: &str = "HyperParameterTuningJobObjective";
    for search in &case.searches {
        let own = search.definition.as_ref().and_then(|node| node.place("TuningObjective"));
        // An awaited definition can bring its own.
        let is_hidden = search.definition.is_none() && search.is_open && case.is_whole;
        if own.is_none() && !is_hidden && !config.has(IN_CONFIG) && !case.is_autotuned() {
            findings.missing(
                config.path_of(IN_CONFIG),
                "there must be an objective, here or as TuningObjective of each definition",
                "add one: Type and MetricName",
            );
        }
        if let (Some(own), Some(general)) = (own, config.member(IN_CONFIG))
            && own.value != general.value
            && !own.is_open()
        {
            let rule = format!("there are two objectives: another one is at {}", general.path);
            findings.warning(&own, rule, "keep one of them");
        }
    }
}

/// Where ranges stand twice, it is not documented which of them count.
fn check_ranges_once(case: &Case<'_>, config: &Node<'_>, findings: &mut Findings) {
    let Some(general) = config.member("ParameterRanges") else { return };
    for definition in &case.definitions {
        if let Some(own) = definition.member("HyperParameterRanges") {
            let rule = format!(
                "there are ranges at {}, too, and it is not documented which count (here: these)",
                general.path
            );
            findings.warning(&own, rule, "keep them in one place");
        }
    }
}
