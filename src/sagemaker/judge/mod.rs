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

use super::algorithm::AlgorithmDescription;
use super::document::{Document, DocumentShape};
use super::model::check;
use super::node::Node;
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
    algorithm: Option<AlgorithmDescription>,
    log_lines: Option<Vec<String>>,
    allows_unknown_members: bool,
}

impl Judge {
    /// With other quotas than [`Quotas::DEFAULT`].
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// With the description of the algorithm resource that the request names: values, objective and channels are checked
    /// against what it supports.
    #[must_use]
    pub fn with_algorithm(self, description: AlgorithmDescription) -> Self {
        Self { algorithm: Some(description), ..self }
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
        let mut findings = Findings::new(unknown);
        let root = document.root();
        match document.shape {
            DocumentShape::Config => {
                check(&root, &HyperParameterTuningJobConfig::SHAPE, &mut findings);
            }
            DocumentShape::Request | DocumentShape::StateMachine { .. } => {
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
    algorithm: Option<&'a AlgorithmDescription>,
    log_lines: Option<&'a [String]>,
}

/// What is tuned together: one definition of training jobs with its ranges and its objective.
struct Search<'a> {
    /// Absent where only the configuration was given.
    definition: Option<Node<'a>>,
    /// Where ranges stand: in the configuration, in the definition.
    places: Vec<Node<'a>>,
    ranges: Vec<ranges::Range<'a>>,
    objective: Option<Node<'a>>,
}

impl<'a> Case<'a> {
    fn of(document: &'a Document, judge: &'a Judge) -> Self {
        let root = document.root();
        let is_whole = document.shape != DocumentShape::Config;
        let config = document.config_node();
        let (mut definitions, mut is_several) = (Vec::new(), false);
        if is_whole {
            definitions.extend(root.member("TrainingJobDefinition"));
            let several = root.list("TrainingJobDefinitions");
            is_several = !several.is_empty();
            definitions.extend(several);
        }
        let search = |definition: Option<Node<'a>>| {
            let of_config = config.as_ref().and_then(|config| config.member("ParameterRanges"));
            let own = definition.as_ref().and_then(|node| node.member("HyperParameterRanges"));
            let places: Vec<Node<'a>> = match own {
                Some(own) if is_several => vec![own],
                own => of_config.into_iter().chain(own).collect(),
            };
            let objective = definition.as_ref().and_then(|node| node.member("TuningObjective"));
            let in_config = || config.as_ref()?.member("HyperParameterTuningJobObjective");
            Search {
                ranges: places.iter().flat_map(ranges::Range::all).collect(),
                places,
                objective: objective.or_else(in_config),
                definition,
            }
        };
        let searches = if definitions.is_empty() {
            vec![search(None)]
        } else {
            definitions.iter().map(|definition| search(Some(definition.clone()))).collect()
        };
        Self {
            is_whole,
            searches,
            root,
            config,
            definitions,
            quotas: judge.quotas,
            algorithm: judge.algorithm.as_ref(),
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
