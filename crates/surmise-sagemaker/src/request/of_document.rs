//! A request as types, from a document and back.

use serde_json::Value;
use surmise::error::{Error, Violation};

use super::config::HyperParameterTuningJobConfig;
use super::tuning_job::CreateHyperParameterTuningJobRequest;
use crate::node::Node;
use crate::reading::{Document, DocumentShape, NAME};
use crate::shape;
use crate::shape::Shape;
use crate::unresolved::Unresolved;
use crate::verdict::{Findings, Severity};

impl Document {
    /// The whole request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member that does not have the form that the service's model gives it, or if only the
    /// configuration was given.
    pub fn request(&self) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        if self.shape == DocumentShape::Config {
            return Err(Error::Invalid(vec![Violation::new(
                "$",
                "a HyperParameterTuningJobConfig",
                "this is the configuration alone, without training jobs",
                "read it by Document::config, or give the whole request",
            )]));
        }
        self.typed(&CreateHyperParameterTuningJobRequest::SHAPE, &self.root())
    }

    /// The configuration: how a tuning job searches, for what, within which limits.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member of it that does not have the form that the service's model gives it, or if
    /// there is none.
    pub fn config(&self) -> Result<HyperParameterTuningJobConfig, Error> {
        match self.config_node() {
            Some(config) => self.typed(&HyperParameterTuningJobConfig::SHAPE, &config),
            None => Err(Error::Invalid(vec![Violation::new(
                self.root().path_of("HyperParameterTuningJobConfig"),
                "missing",
                "a tuning request has a configuration",
                "add it",
            )])),
        }
    }

    /// The whole request under another name: that of a tuning job must be new each time, and in a state machine it is often known
    /// only when that runs.
    ///
    /// # Errors
    /// Those of [`request`](Self::request).
    pub fn request_named(
        &self,
        name: impl Into<String>,
    ) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        let mut renamed = self.clone();
        if let Value::Object(members) = &mut renamed.body
            && self.shape != DocumentShape::Config
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
        let inside = |unresolved: &&Unresolved| unresolved.path.starts_with(&node.path);
        // What is not known would be taken for a member of another name.
        let unknown = self.unresolved.iter().filter(inside).map(Unresolved::violation);
        Error::unless_empty(unknown.collect())?;
        let mut findings = Findings::new(Severity::Warning, false);
        shape::check(node, shape, &mut findings);
        findings.into_verdict().into_result()?;
        serde_json::from_value(node.value.clone()).map_err(|error| {
            let violation = Violation::new(&node.path, "unreadable", error.to_string(), "mend it");
            Error::Invalid(vec![violation])
        })
    }
}

impl From<&CreateHyperParameterTuningJobRequest> for Document {
    fn from(request: &CreateHyperParameterTuningJobRequest) -> Self {
        let body = serde_json::to_value(request).expect("a request is strings and numbers");
        Self::new(body, DocumentShape::Request, Vec::new())
    }
}

impl From<&HyperParameterTuningJobConfig> for Document {
    fn from(config: &HyperParameterTuningJobConfig) -> Self {
        let body = serde_json::to_value(config).expect("a configuration is strings and numbers");
        Self::new(body, DocumentShape::Config, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::REQUEST_MEMBERS;

    #[test]
    fn what_is_kept_of_a_description_is_what_a_request_has() {
        let members = CreateHyperParameterTuningJobRequest::STRUCTURE.members;
        assert_eq!(members.iter().map(|member| member.name).collect::<Vec<_>>(), REQUEST_MEMBERS);
    }
}
