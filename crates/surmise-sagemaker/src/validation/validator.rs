//! The validator of tuning requests.

use surmise::error::Violation;

use super::request_view::{Context, RequestView};
use super::{algorithm, channels, definition, metrics, ranges, request, search};
use crate::findings::{Findings, Severity, Validation};
use crate::quotas::Quotas;
use crate::reading::{Document, DocumentFormat};
use crate::request::{
    AlgorithmDescription, CreateHyperParameterTuningJobRequest, HyperParameterTuningJobConfig,
};
use crate::shape::check;

/// Checks a tuning request against SageMaker's rules, before it is sent.
///
/// A [`Document`] is a request that was read but not checked. The validator reports every problem
/// at once. Each [`Finding`](crate::Finding) names the JSON path, the value there, the rule and the
/// remedy. An error means that the service, or a client such as botocore, refuses the request. A
/// warning means that the service accepts it, but that it probably does not do what its author
/// wants. An example is a linear scale over six decades.
///
/// ```
/// use surmise_sagemaker::{Document, Validator};
///
/// let text = r#"{ "Strategy": "Bayesian",
///   "ResourceLimits": { "MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2 },
///   "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
///   "ParameterRanges": { "ContinuousParameterRanges": [
///     { "Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic" } ] } }"#;
/// let validation = Validator::default().validate(&Document::read(text.as_bytes())?);
/// assert!(!validation.is_accepted());
/// assert_eq!(validation.errors().next().unwrap().subject,
///     "$.ParameterRanges.ContinuousParameterRanges[0].MinValue");
/// # Ok::<(), surmise_sagemaker::ReadError>(())
/// ```
///
/// The default validator knows the service's model (as of botocore 1.43.11), the documented rules
/// and the [default quotas](Quotas::DEFAULT). It does not know your account: whether the role, the
/// data and the image exist shows only when a training job runs. An account with raised quotas
/// needs [`with_quotas`](Self::with_quotas), or the validator refuses requests that your account
/// allows.
#[derive(Debug, Clone, Default)]
pub struct Validator {
    quotas: Quotas,
    algorithms: Vec<AlgorithmDescription>,
    log_lines: Option<Vec<String>>,
    allows_unknown_members: bool,
}

impl Validator {
    /// Sets the quotas of the account; [`Quotas::DEFAULT`] by default.
    ///
    /// Use [`Quotas::RAISED`] if AWS Support has raised the quotas of your account.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// Adds the description of an algorithm resource that the request names in `AlgorithmName`;
    /// none by default.
    ///
    /// The validator then checks hyperparameters, objective, channels and instances against what
    /// the algorithm supports. Without a description it accepts any. Call it once for each
    /// algorithm if several definitions name different ones.
    #[must_use]
    pub fn with_algorithm(mut self, description: AlgorithmDescription) -> Self {
        self.algorithms.push(description);
        self
    }

    /// Sets lines that a training job has printed; none by default.
    ///
    /// The validator applies the regular expressions of `MetricDefinitions` to these lines. It
    /// warns if an expression matches no line, or captures a text that is not a number. Use it
    /// if you have the log of an earlier job.
    #[must_use]
    pub fn with_log_lines<L: Into<String>>(self, lines: impl IntoIterator<Item = L>) -> Self {
        Self { log_lines: Some(lines.into_iter().map(L::into).collect()), ..self }
    }

    /// Reports members that this version does not know as warnings; by default they are errors.
    ///
    /// Use it for requests with members that AWS has added since this version.
    #[must_use]
    pub fn allow_unknown_members(self) -> Self {
        Self { allows_unknown_members: true, ..self }
    }

    fn context(&self) -> Context<'_> {
        let log_lines = self.log_lines.as_deref();
        Context { quotas: self.quotas, algorithms: &self.algorithms, log_lines }
    }

    /// Returns all errors and warnings about a request.
    pub fn validate(&self, document: &Document) -> Validation {
        let unknown_member_severity =
            if self.allows_unknown_members { Severity::Warning } else { Severity::Error };
        let in_state_machine = matches!(document.format, DocumentFormat::StateMachine { .. });
        let mut findings = Findings::new(unknown_member_severity, in_state_machine);
        let root = document.root();
        match document.format {
            DocumentFormat::Config => {
                check(&root, &HyperParameterTuningJobConfig::SHAPE, &mut findings);
            }
            _ => {
                check(&root, &CreateHyperParameterTuningJobRequest::SHAPE, &mut findings);
            }
        }
        for unresolved in document.unresolved() {
            let severity =
                if unresolved.resolves_at_run_time { Severity::Warning } else { Severity::Error };
            findings.add(severity, unresolved.violation());
        }
        for path in &document.duplicates {
            let rule = "this member occurs more than once, and the last occurrence is used";
            let violation = Violation::new(path, "duplicate", rule, "remove all but one");
            findings.add(Severity::Warning, violation);
        }
        for (path, text) in &document.unmarked_expressions {
            let rule =
                "this looks like an expression, but is used as text: its name does not end in .$";
            let violation = Violation::new(path, format!("{text:?}"), rule, "add .$ to the name");
            findings.add(Severity::Warning, violation);
        }
        let view = RequestView::new(document, self.context());
        search::check(&view, &mut findings);
        ranges::check(&view, &mut findings);
        request::check(&view, &mut findings);
        for definition in &view.definitions {
            definition::check(&view, definition, &mut findings);
            channels::check(definition, &mut findings);
        }
        metrics::check(&view, &mut findings);
        algorithm::check(&view, &mut findings);
        findings.into_validation()
    }
}
