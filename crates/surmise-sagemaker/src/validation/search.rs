//! Rules about the search: strategy, objective, resource limits, completion criteria.

use super::request_view::RequestView;
use crate::findings::Findings;
use crate::node::Node;

/// The maximum of Hyperband's `MaxResource`, by the text of the service's model.
const MAX_RESOURCE: i64 = 20_000;
/// Static hyperparameters from which Hyperband infers `MaxResource`, by the same text.
pub(crate) const EPOCH_NAMES: [&str; 5] =
    ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"];

pub(super) fn check(view: &RequestView<'_>, findings: &mut Findings) {
    let Some(config) = &view.config else { return };
    check_hyperband(view, config, findings);
    check_limits(view, findings);
    check_completion(view, config, findings);
    check_objectives(view, config, findings);
    check_ranges_once(view, config, findings);
    if view.definitions.len() > 1
        && let Some(node) = config.member("TrainingJobEarlyStoppingType")
        && node.value == "Auto"
    {
        let rule = "early stopping works with only one definition of training jobs";
        findings.error(&node, rule, "use Off, or one definition");
    }
}

fn check_hyperband(view: &RequestView<'_>, config: &Node<'_>, findings: &mut Findings) {
    let settings = config.descendant(&["StrategyConfig", "HyperbandStrategyConfig"]);
    if view.strategy() != Some("Hyperband") {
        if view.strategy().is_some()
            && let Some(node) = settings
        {
            findings.error(&node, "this is for Strategy Hyperband only", "remove it");
        }
        return;
    }
    if let Some(node) = config.member("TrainingJobEarlyStoppingType")
        && node.value == "Auto"
    {
        findings.error(&node, "Hyperband has its own early stopping", "use Off");
    }
    let resource = |name: &str| settings.as_ref().and_then(|settings| settings.member(name));
    let number = |name: &str| resource(name).and_then(|node| node.value.as_i64());
    if let Some(node) = resource("MaxResource")
        && node.value.as_i64().is_some_and(|max| max > MAX_RESOURCE)
    {
        findings.error(&node, format!("it must be at most {MAX_RESOURCE}"), "lower it");
    }
    if let (Some(min), Some(max)) = (number("MinResource"), number("MaxResource"))
        && min > max
        && let Some(node) = resource("MinResource")
    {
        findings.error(&node, format!("it must be at most MaxResource, {max}"), "lower it");
    }
    let may_have_max = settings.as_ref().is_some_and(|settings| settings.has("MaxResource"))
        || config.has_unresolved("StrategyConfig")
        || config
            .member("StrategyConfig")
            .is_some_and(|node| node.has_unresolved("HyperbandStrategyConfig"));
    for definition in view.definitions.iter().filter(|_| !may_have_max) {
        let statics = definition.member("StaticHyperParameters");
        let epochs =
            EPOCH_NAMES.iter().filter_map(|name| statics.as_ref()?.member_or_expression(name));
        let epochs: Vec<Node<'_>> = epochs.collect();
        let is_inferred = !epochs.is_empty();
        check_epochs(&epochs, number("MinResource").unwrap_or(1), findings);
        if !is_inferred && !definition.has_unresolved("StaticHyperParameters") {
            findings.missing(
                format!("{}.StrategyConfig.HyperbandStrategyConfig.MaxResource", config.path),
                format!(
                    "Hyperband needs it, unless a static hyperparameter of {} gives the epochs",
                    definition.path
                ),
                format!("give it, or one of {}", EPOCH_NAMES.join(", ")),
            );
        }
    }
}

/// Checks the static hyperparameters from which Hyperband infers `MaxResource`.
fn check_epochs(epochs: &[Node<'_>], min_resource: i64, findings: &mut Findings) {
    for node in epochs.iter().filter(|node| !node.is_unresolved()) {
        let Some(text) = node.value.as_str() else { continue };
        match parse_epochs(text) {
            None => findings.error(
                node,
                "Hyperband infers MaxResource from it: it must be a whole number, at least 1",
                "write it without fraction or exponent, or give MaxResource",
            ),
            Some(epochs) if i64::try_from(epochs).is_ok_and(|max| max < min_resource) => {
                let rule = format!(
                    "Hyperband infers MaxResource from it, which must be at least MinResource, \
                     {min_resource}"
                );
                findings.error(node, rule, "raise it, or lower MinResource");
            }
            Some(_) => {}
        }
    }
}

/// Parses a number of epochs; returns `None` unless it is a whole number of at least 1.
pub(crate) fn parse_epochs(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|epochs| *epochs >= 1)
}

fn check_limits(view: &RequestView<'_>, findings: &mut Findings) {
    let quotas = &view.context.quotas;
    let is_random = view.strategy() == Some("Random");
    let max = if is_random { quotas.random_training_jobs } else { quotas.training_jobs };
    let source = format!("({})", quotas.name);
    let above = |name: &str, max: u32| {
        view.limit(name).filter(|node| node.value.as_i64().is_some_and(|n| n > i64::from(max)))
    };
    let remedy = "lower it, or have the quota raised and validate with Quotas::RAISED (--quotas \
                  raised)";
    if let Some(node) = above("MaxNumberOfTrainingJobs", max) {
        let rule = format!("a tuning job has at most {max} training jobs {source}");
        findings.error(&node, rule, remedy);
    }
    let max = quotas.parallel_training_jobs;
    if let Some(node) = above("MaxParallelTrainingJobs", max) {
        let rule = format!("at most {max} training jobs run at once {source}");
        findings.error(&node, rule, remedy);
    }
    let max = quotas.tuning_runtime_in_seconds;
    if let Some(node) = above("MaxRuntimeInSeconds", max) {
        // A warning, because the service's model allows half a year: some account may have it.
        let rule = format!("a tuning job may take at most {max} seconds {source}");
        findings.warning(&node, rule, remedy);
    }
    warn_of_parallelism(view, findings);
    warn_of_missing_limit(view, findings);
}

fn warn_of_parallelism(view: &RequestView<'_>, findings: &mut Findings) {
    let Some(node) = view.limit("MaxParallelTrainingJobs") else { return };
    let (Some(parallel), Some(jobs)) = (node.value.as_i64(), view.max_jobs()) else { return };
    if view.strategy() == Some("Bayesian") && parallel >= jobs && jobs > 1 {
        findings.warning(
            &node,
            format!(
                "all {jobs} jobs start at once, so that Bayesian optimization cannot use the \
                 result of any"
            ),
            format!("lower it to {} at most, or raise MaxNumberOfTrainingJobs", (jobs / 4).max(1)),
        );
    } else if parallel > jobs {
        findings.warning(
            &node,
            format!("no more than MaxNumberOfTrainingJobs, {jobs}, can run at once"),
            "lower it",
        );
    }
}

fn warn_of_missing_limit(view: &RequestView<'_>, findings: &mut Findings) {
    let Some(limits) = view.config.as_ref().and_then(|config| config.member("ResourceLimits"))
    else {
        return;
    };
    let is_limited = limits.has("MaxNumberOfTrainingJobs") || limits.has("MaxRuntimeInSeconds");
    if !is_limited && view.strategy() != Some("Grid") && !view.is_autotuned() {
        findings.warning(
            &limits,
            "without a limit, only completion criteria and quotas end this job",
            "add MaxNumberOfTrainingJobs or MaxRuntimeInSeconds",
        );
    }
}

fn check_completion(view: &RequestView<'_>, config: &Node<'_>, findings: &mut Findings) {
    let not_improving = [
        "TuningJobCompletionCriteria",
        "BestObjectiveNotImproving",
        "MaxNumberOfTrainingJobsNotImproving",
    ];
    if let (Some(node), Some(jobs)) = (config.descendant(&not_improving), view.max_jobs())
        && node.value.as_i64().is_some_and(|limit| limit >= jobs)
    {
        findings.warning(
            &node,
            format!("this never ends a job of at most {jobs} training jobs"),
            "lower it, or leave it out",
        );
    }
}

/// Checks that each definition has exactly one objective, its own or that of the configuration.
fn check_objectives(view: &RequestView<'_>, config: &Node<'_>, findings: &mut Findings) {
    const IN_CONFIG: &str = "HyperParameterTuningJobObjective";
    for tuned in &view.tuned_definitions {
        let definition = tuned.definition.as_ref();
        let objective = definition.and_then(|node| node.member_or_expression("TuningObjective"));
        // An unresolved definition may have an objective.
        let may_exist = tuned.definition.is_none() && tuned.may_have_more && view.is_whole;
        if objective.is_none() && !may_exist && !config.has(IN_CONFIG) && !view.is_autotuned() {
            findings.missing(
                config.path_of(IN_CONFIG),
                "there must be an objective, here or as TuningObjective of each definition",
                "add one: Type and MetricName",
            );
        }
        if let (Some(objective), Some(config_objective)) = (objective, config.member(IN_CONFIG))
            && objective.value != config_objective.value
            && !objective.is_unresolved()
        {
            let rule =
                format!("there are two objectives: {} is another one", config_objective.path);
            findings.warning(&objective, rule, "keep one of them");
        }
    }
}

/// Warns if configuration and definition both have ranges; AWS does not document which ones apply.
fn check_ranges_once(view: &RequestView<'_>, config: &Node<'_>, findings: &mut Findings) {
    let Some(config_ranges) = config.member("ParameterRanges") else { return };
    for definition in &view.definitions {
        if let Some(ranges) = definition.member("HyperParameterRanges") {
            let rule = format!(
                "{} has ranges, too, and AWS does not document which ones apply; Surmise uses \
                 these",
                config_ranges.path
            );
            findings.warning(&ranges, rule, "keep them in one place");
        }
    }
}
