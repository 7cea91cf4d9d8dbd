//! A request, laid out for the rules.

use super::range::{LISTS, Range};
use crate::node::{Entry, Node};
use crate::quotas::Quotas;
use crate::reading::{Document, DocumentShape};
use crate::request::AlgorithmDescription;

/// A request, laid out for the rules.
pub(super) struct Case<'a> {
    /// Whether it is a whole request, not the configuration alone.
    pub(super) is_whole: bool,
    pub(super) root: Node<'a>,
    pub(super) config: Option<Node<'a>>,
    pub(super) definitions: Vec<Node<'a>>,
    pub(super) searches: Vec<Search<'a>>,
    pub(super) known: Known<'a>,
}

/// What is known besides the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) quotas: Quotas,
    pub(super) algorithms: &'a [AlgorithmDescription],
    pub(super) log_lines: Option<&'a [String]>,
}

/// What is tuned together: one definition of training jobs with its ranges and its objective.
pub(super) struct Search<'a> {
    /// Absent where only the configuration was given.
    pub(super) definition: Option<Node<'a>>,
    /// Where its ranges stand: in the definition, or in the configuration.
    pub(super) places: Vec<Node<'a>>,
    pub(super) ranges: Vec<Range<'a>>,
    /// Ranges of the configuration that do not count, because the definition has its own.
    pub(super) idle_ranges: Vec<Range<'a>>,
    pub(super) objective: Option<Node<'a>>,
    /// Whether there may be more ranges or another objective than can be seen: they come from expressions whose values are
    /// not known yet, or from what cannot be read.
    pub(super) is_open: bool,
}

impl<'a> Search<'a> {
    /// The hyperparameters that do not change.
    pub(super) fn statics(&self) -> Vec<Entry<'a>> {
        let definition = self.definition.as_ref();
        definition.map(|node| node.map("StaticHyperParameters")).unwrap_or_default()
    }
}

impl<'a> Case<'a> {
    pub(super) fn of(document: &'a Document, known: Known<'a>) -> Self {
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
        Self { is_whole, searches, root, config, definitions, known }
    }

    /// Whether SageMaker chooses ranges and limits.
    pub(super) fn is_autotuned(&self) -> bool {
        self.is_whole && self.root.has("Autotune")
    }

    pub(super) fn strategy(&self) -> Option<&'a str> {
        self.config.as_ref()?.text("Strategy")
    }

    /// A member of the resource limits.
    pub(super) fn limit(&self, name: &str) -> Option<Node<'a>> {
        self.config.as_ref()?.at(&["ResourceLimits", name])
    }

    pub(super) fn max_jobs(&self) -> Option<i64> {
        self.limit("MaxNumberOfTrainingJobs")?.value.as_i64()
    }
}

impl<'a> Search<'a> {
    pub(super) fn of(config: Option<&Node<'a>>, definition: Option<&Node<'a>>) -> Self {
        let general = config.and_then(|config| config.member("ParameterRanges"));
        let own = definition.and_then(|node| node.member("HyperParameterRanges"));
        let places: Vec<Node<'a>> = own.clone().or_else(|| general.clone()).into_iter().collect();
        let idle = general.filter(|_| own.is_some());
        let objective = definition.and_then(|node| node.member("TuningObjective"));
        let in_config = || config?.member("HyperParameterTuningJobObjective");
        let awaits_list = |place: &Node<'a>| LISTS.iter().any(|list| place.awaits(list));
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
