//! Conversions between documents and typed requests.

use serde_json::Value;
use surmise::error::{Error, Violation};

use super::config::HyperParameterTuningJobConfig;
use super::tuning_job::CreateHyperParameterTuningJobRequest;
use crate::findings::{Findings, Severity};
use crate::node::Node;
use crate::reading::{Document, DocumentFormat, NAME};
use crate::shape;
use crate::shape::Shape;
use crate::unresolved::Unresolved;

impl Document {
    /// Converts the document to a typed request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member that breaks the service's model, with every unresolved
    /// expression, or if the document holds only the configuration.
    pub fn request(&self) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        if self.format == DocumentFormat::Config {
            return Err(Error::Invalid(vec![Violation::new(
                "$",
                "a HyperParameterTuningJobConfig",
                "this is only the configuration, without training jobs",
                "read it by Document::config, or give the whole request",
            )]));
        }
        self.typed(&CreateHyperParameterTuningJobRequest::SHAPE, &self.root())
    }

    /// Converts the configuration of the tuning job: strategy, objective, ranges and limits.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member of the configuration that breaks the service's model,
    /// with every unresolved expression in it, or if there is no configuration.
    pub fn config(&self) -> Result<HyperParameterTuningJobConfig, Error> {
        match self.config_node() {
            Some(config) => self.typed(&HyperParameterTuningJobConfig::SHAPE, &config),
            None => Err(Error::Invalid(vec![Violation::new(
                self.root().path_of("HyperParameterTuningJobConfig"),
                "missing",
                "a tuning request must have a configuration",
                "add it",
            )])),
        }
    }

    /// Converts the document to a typed request with another name of the tuning job.
    ///
    /// Each tuning job needs a new name. In a state machine the name often has a value only at run
    /// time; this method replaces that expression.
    ///
    /// # Errors
    /// [`Error::Invalid`], as [`request`](Self::request).
    pub fn request_with_name(
        &self,
        name: impl Into<String>,
    ) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        let mut renamed = self.clone();
        if let Value::Object(members) = &mut renamed.body
            && self.format != DocumentFormat::Config
        {
            let expression = format!("{NAME}.$");
            members.shift_remove(&expression);
            members.insert(NAME.to_owned(), Value::String(name.into()));
            let path = self.root().path_of(&expression);
            renamed.unresolved.retain(|unresolved| unresolved.path != path);
        }
        renamed.request()
    }

    fn typed<T: serde::de::DeserializeOwned>(
        &self,
        shape: &Shape,
        node: &Node<'_>,
    ) -> Result<T, Error> {
        let is_inside = |unresolved: &&Unresolved| unresolved.path.starts_with(&node.path);
        // Otherwise an expression would become an unknown member, because its name ends in `.$`.
        let unresolved = self.unresolved.iter().filter(is_inside).map(Unresolved::violation);
        Error::from_violations(unresolved.collect())?;
        let mut findings = Findings::new(Severity::Warning, false);
        shape::check(node, shape, &mut findings);
        findings.into_validation().into_result()?;
        serde_json::from_value(node.value.clone()).map_err(|error| {
            let rule = error.to_string();
            let violation = Violation::new(&node.path, "unreadable", rule, "correct it");
            Error::Invalid(vec![violation])
        })
    }
}

impl From<&CreateHyperParameterTuningJobRequest> for Document {
    fn from(request: &CreateHyperParameterTuningJobRequest) -> Self {
        let body = serde_json::to_value(request).expect("a request is strings and numbers");
        Self::new(body, DocumentFormat::Request, Vec::new())
    }
}

impl From<&HyperParameterTuningJobConfig> for Document {
    fn from(config: &HyperParameterTuningJobConfig) -> Self {
        let body = serde_json::to_value(config).expect("a configuration is strings and numbers");
        Self::new(body, DocumentFormat::Config, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::REQUEST_MEMBERS;

    #[test]
    fn members_kept_from_a_description_are_those_of_a_request() {
        let members = CreateHyperParameterTuningJobRequest::STRUCTURE.members;
        assert_eq!(members.iter().map(|member| member.name).collect::<Vec<_>>(), REQUEST_MEMBERS);
    }
}
