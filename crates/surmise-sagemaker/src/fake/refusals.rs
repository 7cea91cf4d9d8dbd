//! Refusals of requests: credentials, signatures, permissions, quotas, instances, names.

use serde_json::Value;

use super::account::Account;
use super::instances::Instances;
use super::reply::{Call, Reply, refused};
use super::training_job::Job;
use super::tuning_request::definitions;
use crate::request::OBJECTIVE_METRIC;

/// The maximum difference between the time of a signature and the service's time, in seconds.
const SIGNATURE_TOLERANCE: f64 = 300.0;

/// Returns the message if a signature of this age, in seconds, is refused.
fn signature_refusal(age: f64) -> Option<String> {
    if age > SIGNATURE_TOLERANCE {
        return Some(format!(
            "Signature expired: the request is {age:.0} seconds old, and 5 min. are allowed"
        ));
    }
    (age < -SIGNATURE_TOLERANCE).then(|| {
        format!(
            "Signature not yet current: the request is signed {:.0} seconds ahead of time, and 5 \
             min. are allowed",
            -age
        )
    })
}

impl Account {
    /// Returns the refusal of a request that is not executed: credentials, permissions, throttling.
    pub(super) fn refusal(&self, call: &Call, throttled: f64, internal: f64) -> Option<Reply> {
        let Some(authorization) = &call.authorization else {
            let text = "Missing Authentication Token";
            return Some(refused("MissingAuthenticationTokenException", text));
        };
        if self.faults.expired.iter().any(|time| time.contains(&self.now())) {
            // The service's message quotes the signed request. This one quotes the credentials, so
            // that tests can check that Surmise does not log them.
            let token = call.session_token.as_deref().unwrap_or_default();
            let text = format!(
                "The security token included in the request is expired: {authorization} \
                 x-amz-security-token:{token}"
            );
            return Some(refused("ExpiredTokenException", text));
        }
        if let Some(text) = call.age.and_then(signature_refusal) {
            return Some(refused("InvalidSignatureException", text));
        }
        if let Some(text) = self.denial(call) {
            return Some(refused("AccessDeniedException", text));
        }
        if throttled < self.faults.throttled {
            return Some(refused("ThrottlingException", "Rate exceeded"));
        }
        (internal < self.faults.internal_errors).then(|| Reply::Error {
            status: 500,
            code: "InternalFailure".to_owned(),
            message: "An internal failure occurred.".to_owned(),
        })
    }

    /// Returns the message if the caller lacks a permission for this request.
    fn denial(&self, call: &Call) -> Option<String> {
        let operation = call.operation.as_str();
        let service = match operation {
            "DescribeLogStreams" | "GetLogEvents" => "logs",
            _ => "sagemaker",
        };
        let is_creation =
            matches!(operation, "CreateTrainingJob" | "CreateHyperParameterTuningJob");
        let has_tags = call.body["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
        let user = format!("User: arn:aws:sts::{}:assumed-role/tuner/i-0", self.number);
        let reason = "because no identity-based policy allows the";
        let text = |action: &str, resource: &str| {
            format!(
                "{user} is not authorized to perform: {action} on resource: {resource} {reason} \
                 {action} action"
            )
        };
        let name = call.body["TrainingJobName"].as_str().unwrap_or("*");
        let resource = self.arn("training-job", name);
        if self.faults.denies(service, operation) {
            return Some(text(&format!("{service}:{operation}"), &resource));
        }
        if is_creation && self.faults.denies("iam", "PassRole") {
            let definition = definitions(&call.body)[0];
            let role = call.body["RoleArn"].as_str().or(definition["RoleArn"].as_str());
            return Some(text("iam:PassRole", role.unwrap_or("*")));
        }
        (is_creation && has_tags && self.faults.denies("sagemaker", "AddTags"))
            .then(|| text("sagemaker:AddTags", &resource))
    }

    /// Returns the refusal of a creation: name, role, instances or quota.
    ///
    /// `Faults::quota_before_name` decides which of them is checked first.
    pub(super) fn creation_refusal(
        &self,
        body: &Value,
        (key, arn): (&str, &str),
        now: f64,
    ) -> Option<Reply> {
        let name_refusal = || {
            let text = format!(
                "Training job names must be unique within an AWS account and region, and a \
                 training job with this name already exists ({arn})"
            );
            self.jobs.contains_key(key).then(|| refused("ResourceInUse", text))
        };
        let role_refusal = || {
            let role = body["RoleArn"].as_str().unwrap_or_default();
            let text = format!(
                "Could not assume role {role}. Please ensure that the role exists and allows \
                 principal 'sagemaker.amazonaws.com' to assume the role."
            );
            let is_usable = self.now() >= self.faults.role_unknown_until;
            (!is_usable).then(|| refused("ValidationException", text))
        };
        let quota_refusal = || {
            let running = self.jobs.values().filter(|job| !job.has_ended(now));
            let running: Vec<Instances> = running.map(Job::instances).collect();
            let instances = Instances::from_request(body, None);
            let text = instances.quota_refusal(&self.quotas, &running)?;
            Some(refused("ResourceLimitExceeded", text))
        };
        let content_refusal = || self.invalid_content(body).map(|(code, text)| refused(code, text));
        if self.faults.quota_before_name {
            let refusal = quota_refusal().or_else(content_refusal);
            return refusal.or_else(name_refusal).or_else(role_refusal);
        }
        name_refusal().or_else(role_refusal).or_else(content_refusal).or_else(quota_refusal)
    }

    /// Returns code and message if instance types or hyperparameters are invalid.
    fn invalid_content(&self, body: &Value) -> Option<(&'static str, String)> {
        for instance_type in Instances::from_request(body, None).types() {
            if self.faults.unsupported.contains(instance_type) {
                let text = format!(
                    "1 validation error detected: Value '{instance_type}' at \
                     'resourceConfig.instanceType' failed to satisfy constraint: Member must \
                     satisfy enum value set: [ml.m5.xlarge, ml.g5.xlarge]"
                );
                return Some(("ValidationException", text));
            }
            if self.faults.not_in_region.contains(instance_type) {
                let text = format!(
                    "The requested resource training-job/{instance_type} is not available in this \
                     region"
                );
                return Some(("ResourceLimitExceeded", text));
            }
        }
        let name = body["AlgorithmSpecification"]["AlgorithmName"].as_str()?;
        let algorithm = self.resources.algorithm(name)?;
        let supported =
            algorithm["TrainingSpecification"]["SupportedHyperParameters"].as_array()?;
        let is_unknown = |name: &&String| {
            !supported.iter().any(|it| it["Name"] == name.as_str())
                && (*name != OBJECTIVE_METRIC || self.faults.refuses_objective_hyperparameter)
        };
        let name = body["HyperParameters"].as_object()?.keys().find(is_unknown)?;
        let text = format!("Additional hyperparameters are not allowed: {name}");
        Some(("ValidationException", text))
    }
}
