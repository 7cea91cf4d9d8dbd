//! Would the service take a request on, and would a person regret it?
//!
//! Two passes, whose findings come all at once: every member against the service's model (`model`), and the rules between members,
//! which only the service itself and its documentation know. A rule looks at what it needs alone, so that one that is broken hides no
//! other.

mod algorithm;
mod channels;
mod definition;
mod metrics;
mod ranges;
mod request;
mod search;

use self::ranges::Range;
pub(super) use self::search::{EPOCHS, epochs};
use super::algorithm::AlgorithmDescription;
use super::document::{Document, DocumentShape};
use super::model::check;
use super::node::{Entry, Node};
use super::quotas::Quotas;
use super::verdict::{Findings, Severity, Verdict};
use super::{CreateHyperParameterTuningJobRequest, HyperParameterTuningJobConfig};
use crate::error::Violation;

/// Judges tuning requests, against quotas, and perhaps with more that is known.
///
/// ```
/// use surmise::sagemaker::{Document, Judge};
///
/// let text = r#"{ "Strategy": "Bayesian",
///     "ResourceLimits": { "MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2 },
///     "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
///     "ParameterRanges": { "ContinuousParameterRanges": [
///         { "Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic" } ] } }"#;
/// let verdict = Judge::default().judge(&Document::read(text.as_bytes())?);
/// assert!(!verdict.is_accepted());
/// assert_eq!(verdict.errors().next().unwrap().subject,
///     "$.ParameterRanges.ContinuousParameterRanges[0].MinValue");
/// # Ok::<(), surmise::sagemaker::ReadError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Judge {
    quotas: Quotas,
    algorithms: Vec<AlgorithmDescription>,
    log_lines: Option<Vec<String>>,
    allows_unknown_members: bool,
}

impl Judge {
    /// With other quotas than [`Quotas::DEFAULT`].
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// With the description of an algorithm resource that the request names: values, objective and channels are checked
    /// against what it supports. Where definitions name several, each can be described.
    #[must_use]
    pub fn with_algorithm(mut self, description: AlgorithmDescription) -> Self {
        self.algorithms.push(description);
        self
    }

    /// With lines that a training job prints, on which the expressions of metrics are tried.
    #[must_use]
    pub fn with_log_lines<L: Into<String>>(self, lines: impl IntoIterator<Item = L>) -> Self {
        Self { log_lines: Some(lines.into_iter().map(L::into).collect()), ..self }
    }

    /// Members that this version does not know are warned of, not refused: for requests to a service that has grown since.
    #[must_use]
    pub fn allowing_unknown_members(self) -> Self {
        Self { allows_unknown_members: true, ..self }
    }

    /// Everything that is wrong with a request, and everything that a person might regret.
    pub fn judge(&self, document: &Document) -> Verdict {
        let unknown = if self.allows_unknown_members { Severity::Warning } else { Severity::Error };
        let in_machine = matches!(document.shape, DocumentShape::StateMachine { .. });
        let mut findings = Findings::new(unknown, in_machine);
        let root = document.root();
        match document.shape {
            DocumentShape::Config => {
                check(&root, &HyperParameterTuningJobConfig::SHAPE, &mut findings);
            }
            _ => {
                check(&root, &CreateHyperParameterTuningJobRequest::SHAPE, &mut findings);
            }
        }
        for unresolved in document.unresolved() {
            let severity =
                if unresolved.when_running { Severity::Warning } else { Severity::Error };
            findings.add(severity, unresolved.violation());
        }
        for path in &document.twice {
            let rule = "this member is there more than once, and the last one counts";
            let violation = Violation::new(path, "there twice", rule, "remove all but one");
            findings.add(Severity::Warning, violation);
        }
        for (path, text) in &document.forgotten {
            let rule =
                "this looks like an expression, but is taken as it is: its name does not end in .$";
            let violation = Violation::new(path, format!("{text:?}"), rule, "add .$ to the name");
            findings.add(Severity::Warning, violation);
        }
        let case = Case::of(document, self);
        search::judge(&case, &mut findings);
        ranges::judge(&case, &mut findings);
        request::judge(&case, &mut findings);
        for definition in &case.definitions {
            definition::judge(&case, definition, &mut findings);
            channels::judge(definition, &mut findings);
        }
        metrics::judge(&case, &mut findings);
        algorithm::judge(&case, &mut findings);
        findings.into_verdict()
    }
}

/// A request, laid out for the rules.
struct Case<'a> {
    /// Whether it is a whole request, not the configuration alone.
    is_whole: bool,
    root: Node<'a>,
    config: Option<Node<'a>>,
    definitions: Vec<Node<'a>>,
    searches: Vec<Search<'a>>,
    quotas: Quotas,
    algorithms: &'a [AlgorithmDescription],
    log_lines: Option<&'a [String]>,
}

/// What is tuned together: one definition of training jobs with its ranges and its objective.
struct Search<'a> {
    /// Absent where only the configuration was given.
    definition: Option<Node<'a>>,
    /// Where its ranges stand: in the definition, or in the configuration.
    places: Vec<Node<'a>>,
    ranges: Vec<Range<'a>>,
    /// Ranges of the configuration that do not count, because the definition has its own.
    idle_ranges: Vec<Range<'a>>,
    objective: Option<Node<'a>>,
    /// Whether there may be more ranges or another objective than can be seen: they come from expressions whose values are
    /// not known yet, or from what cannot be read.
    is_open: bool,
}

impl<'a> Search<'a> {
    /// The hyperparameters that do not change.
    fn statics(&self) -> Vec<Entry<'a>> {
        let definition = self.definition.as_ref();
        definition.map(|node| node.map("StaticHyperParameters")).unwrap_or_default()
    }
}

impl<'a> Case<'a> {
    fn of(document: &'a Document, judge: &'a Judge) -> Self {
        let root = document.root();
        let is_whole = document.shape != DocumentShape::Config;
        let config = document.config_node();
        let mut definitions = Vec::new();
        if is_whole {
            definitions.extend(root.member("TrainingJobDefinition"));
            definitions.extend(root.list("TrainingJobDefinitions"));
            definitions.retain(|node| node.object().is_some());
        }
        // Something is there, but it cannot be looked into.
        let has_hidden = is_whole
            && (root.awaits("TrainingJobDefinition")
                || root.awaits("TrainingJobDefinitions")
                || definitions.is_empty()
                    && (root.has("TrainingJobDefinition") || root.has("TrainingJobDefinitions")));
        let mut searches: Vec<Search<'a>> = if definitions.is_empty() {
            vec![Search::of(config.as_ref(), None)]
        } else {
            definitions.iter().map(|node| Search::of(config.as_ref(), Some(node))).collect()
        };
        for search in &mut searches {
            search.is_open |= has_hidden;
        }
        Self {
            is_whole,
            searches,
            root,
            config,
            definitions,
            quotas: judge.quotas,
            algorithms: &judge.algorithms,
            log_lines: judge.log_lines.as_deref(),
        }
    }

    /// Whether SageMaker chooses ranges and limits.
    fn is_autotuned(&self) -> bool {
        self.is_whole && self.root.has("Autotune")
    }

    fn strategy(&self) -> Option<&'a str> {
        self.config.as_ref()?.text("Strategy")
    }

    /// A member of the resource limits.
    fn limit(&self, name: &str) -> Option<Node<'a>> {
        self.config.as_ref()?.at(&["ResourceLimits", name])
    }

    fn max_jobs(&self) -> Option<i64> {
        self.limit("MaxNumberOfTrainingJobs")?.value.as_i64()
    }
}

impl<'a> Search<'a> {
    fn of(config: Option<&Node<'a>>, definition: Option<&Node<'a>>) -> Self {
        let general = config.and_then(|config| config.member("ParameterRanges"));
        let own = definition.and_then(|node| node.member("HyperParameterRanges"));
        let places: Vec<Node<'a>> = own.clone().or_else(|| general.clone()).into_iter().collect();
        let idle = general.filter(|_| own.is_some());
        let objective = definition.and_then(|node| node.member("TuningObjective"));
        let in_config = || config?.member("HyperParameterTuningJobObjective");
        let awaits_list = |place: &Node<'a>| ranges::LISTS.iter().any(|list| place.awaits(list));
        let ranges: Vec<Range<'a>> = places.iter().flat_map(Range::all).collect();
        Self {
            is_open: places.iter().any(awaits_list)
                || config.is_some_and(|node| node.awaits("ParameterRanges"))
                || definition.is_some_and(|node| node.awaits("HyperParameterRanges"))
                || ranges.iter().any(|range| range.node.awaits("Name")),
            idle_ranges: idle.iter().flat_map(Range::all).collect(),
            ranges,
            places,
            objective: objective.or_else(in_config),
            definition: definition.cloned(),
        }
    }
}
