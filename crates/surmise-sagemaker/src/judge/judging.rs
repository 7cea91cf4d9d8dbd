//! The judge.

use surmise::error::Violation;

use super::case::{Case, Known};
use super::{algorithm, channels, definition, metrics, ranges, request, search};
use crate::quotas::Quotas;
use crate::reading::{Document, DocumentShape};
use crate::request::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, HyperParameterTuningJobConfig,
};
use crate::shape::check;
use crate::verdict::{Findings, Severity, Verdict};

/// Judges tuning requests, against quotas, and perhaps with more that is known.
///
/// ```
/// use surmise_sagemaker::{Document, Judge};
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
/// # Ok::<(), surmise_sagemaker::ReadError>(())
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

    fn known(&self) -> Known<'_> {
        let log_lines = self.log_lines.as_deref();
        Known { quotas: self.quotas, algorithms: &self.algorithms, log_lines }
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
        let case = Case::of(document, self.known());
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
