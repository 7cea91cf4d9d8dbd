//! A view of a request that gives rules its parts: definitions, ranges, objectives, limits.

use super::range::{RANGE_LISTS, Range};
use crate::node::{NamedNode, Node};
use crate::quotas::Quotas;
use crate::reading::{Document, DocumentFormat};
use crate::request::AlgorithmDescription;

/// The parts of a request that rules check.
pub(super) struct RequestView<'a> {
    /// False if the document holds only a `HyperParameterTuningJobConfig`.
    pub(super) is_whole: bool,
    pub(super) root: Node<'a>,
    pub(super) config: Option<Node<'a>>,
    pub(super) definitions: Vec<Node<'a>>,
    pub(super) tuned_definitions: Vec<TunedDefinition<'a>>,
    pub(super) context: Context<'a>,
}

/// The settings of the validator: quotas, algorithm descriptions, lines of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) quotas: Quotas,
    pub(super) algorithms: &'a [AlgorithmDescription],
    pub(super) log_lines: Option<&'a [String]>,
}

/// One definition of training jobs with the ranges and the objective that apply to it.
pub(super) struct TunedDefinition<'a> {
    /// `None` if the document holds only the configuration.
    pub(super) definition: Option<Node<'a>>,
    /// The members that hold the ranges: of the definition, else of the configuration.
    pub(super) range_nodes: Vec<Node<'a>>,
    pub(super) ranges: Vec<Range<'a>>,
    /// Ranges of the configuration that have no effect, because the definition has its own.
    pub(super) ignored_ranges: Vec<Range<'a>>,
    pub(super) objective: Option<Node<'a>>,
    /// True if an unresolved expression or an unreadable member may hold further ranges or
    /// another objective.
    pub(super) may_have_more: bool,
}

impl<'a> TunedDefinition<'a> {
    /// Returns the static hyperparameters of the definition.
    pub(super) fn statics(&self) -> Vec<NamedNode<'a>> {
        let definition = self.definition.as_ref();
        definition.map(|node| node.map("StaticHyperParameters")).unwrap_or_default()
    }
}

impl<'a> RequestView<'a> {
    pub(super) fn new(document: &'a Document, context: Context<'a>) -> Self {
        let root = document.root();
        let is_whole = document.format != DocumentFormat::Config;
        let config = document.config_node();
        let mut definitions = Vec::new();
        if is_whole {
            definitions.extend(root.member("TrainingJobDefinition"));
            definitions.extend(root.list("TrainingJobDefinitions"));
            definitions.retain(|node| node.object().is_some());
        }
        // A member is present, but unresolved or not an object.
        let has_unreadable = is_whole
            && (root.has_unresolved("TrainingJobDefinition")
                || root.has_unresolved("TrainingJobDefinitions")
                || definitions.is_empty()
                    && (root.has("TrainingJobDefinition") || root.has("TrainingJobDefinitions")));
        let mut tuned_definitions: Vec<TunedDefinition<'a>> = if definitions.is_empty() {
            vec![TunedDefinition::new(config.as_ref(), None)]
        } else {
            definitions
                .iter()
                .map(|node| TunedDefinition::new(config.as_ref(), Some(node)))
                .collect()
        };
        for tuned in &mut tuned_definitions {
            tuned.may_have_more |= has_unreadable;
        }
        Self { is_whole, tuned_definitions, root, config, definitions, context }
    }

    /// Returns whether the request lets Autotune choose ranges and limits.
    pub(super) fn is_autotuned(&self) -> bool {
        self.is_whole && self.root.has("Autotune")
    }

    pub(super) fn strategy(&self) -> Option<&'a str> {
        self.config.as_ref()?.text("Strategy")
    }

    /// Returns a member of `ResourceLimits`.
    pub(super) fn limit(&self, name: &str) -> Option<Node<'a>> {
        self.config.as_ref()?.descendant(&["ResourceLimits", name])
    }

    pub(super) fn max_jobs(&self) -> Option<i64> {
        self.limit("MaxNumberOfTrainingJobs")?.value.as_i64()
    }
}

impl<'a> TunedDefinition<'a> {
    fn new(config: Option<&Node<'a>>, definition: Option<&Node<'a>>) -> Self {
        let config_ranges = config.and_then(|config| config.member("ParameterRanges"));
        let definition_ranges = definition.and_then(|node| node.member("HyperParameterRanges"));
        let range_nodes: Vec<Node<'a>> =
            definition_ranges.clone().or_else(|| config_ranges.clone()).into_iter().collect();
        let ignored = config_ranges.filter(|_| definition_ranges.is_some());
        let objective = definition.and_then(|node| node.member("TuningObjective"));
        let in_config = || config?.member("HyperParameterTuningJobObjective");
        let has_unresolved_list =
            |node: &Node<'a>| RANGE_LISTS.iter().any(|list| node.has_unresolved(list));
        let ranges: Vec<Range<'a>> = range_nodes.iter().flat_map(Range::all).collect();
        Self {
            may_have_more: range_nodes.iter().any(has_unresolved_list)
                || config.is_some_and(|node| node.has_unresolved("ParameterRanges"))
                || definition.is_some_and(|node| node.has_unresolved("HyperParameterRanges"))
                || ranges.iter().any(|range| range.node.has_unresolved("Name")),
            ignored_ranges: ignored.iter().flat_map(Range::all).collect(),
            ranges,
            range_nodes,
            objective: objective.or_else(in_config),
            definition: definition.cloned(),
        }
    }
}
