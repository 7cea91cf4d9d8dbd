//! What is refused, and why: credentials, signatures, permissions, quotas, instances, names.

use serde_json::Value;

use super::account::Account;
use super::machines::Machines;
use super::reply::{Call, Reply, refused};
use super::training_job::Job;
use super::tuning_job::definitions;
use crate::request::OBJECTIVE_METRIC;

/// How old a signature may be, in seconds, or how far ahead.
const SIGNATURE_LIFE: f64 = 300.0;

/// Why a request is refused that was signed so many seconds ago.
fn signature_refusal(age: f64) -> Option<String> {
    if age > SIGNATURE_LIFE {
        return Some(format!(
            "Signature expired: the request is {age:.0} seconds old, and 5 min. are allowed"
        ));
    }
    (age < -SIGNATURE_LIFE).then(|| {
        format!("Signature not yet current: the request is signed {:.0} seconds ahead of time, and 5 min. are allowed", -age)
    })
}

impl Account {
    /// Why a request is not even looked at.
    pub(super) fn refusal(&self, call: &Call, throttled: f64, internal: f64) -> Option<Reply> {
        let Some(authorization) = &call.authorization else {
            let text = "Missing Authentication Token";
            return Some(refused("MissingAuthenticationTokenException", text));
        };
        if self.faults.expired.iter().any(|time| time.contains(&self.now())) {
            // The service's message has the request that should have been signed; this one is as talkative.
            let token = call.session_token.as_deref().unwrap_or_default();
            let text = format!(
                "The security token included in the request is expired: {authorization} x-amz-security-token:{token}"
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

    /// What the caller is told if it may not do this.
    fn denial(&self, call: &Call) -> Option<String> {
        let operation = call.operation.as_str();
        let service = match operation {
            "DescribeLogStreams" | "GetLogEvents" => "logs",
            _ => "sagemaker",
        };
        let creates = matches!(operation, "CreateTrainingJob" | "CreateHyperParameterTuningJob");
        let has_tags = call.body["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
        let who = format!("User: arn:aws:sts::{}:assumed-role/tuner/i-0", self.number);
        let why = "because no identity-based policy allows the";
        let text = |action: &str, resource: &str| {
            format!(
                "{who} is not authorized to perform: {action} on resource: {resource} {why} {action} action"
            )
        };
        let name = call.body["TrainingJobName"].as_str().unwrap_or("*");
        let resource = self.arn("training-job", name);
        if self.faults.denies(service, operation) {
            return Some(text(&format!("{service}:{operation}"), &resource));
        }
        if creates && self.faults.denies("iam", "PassRole") {
            let definition = definitions(&call.body)[0];
            let role = call.body["RoleArn"].as_str().or(definition["RoleArn"].as_str());
            return Some(text("iam:PassRole", role.unwrap_or("*")));
        }
        (creates && has_tags && self.faults.denies("sagemaker", "AddTags"))
            .then(|| text("sagemaker:AddTags", &resource))
    }

    /// Why there will be no such training job; which reason is looked for first, is a setting.
    pub(super) fn refuses_to_create(
        &self,
        body: &Value,
        (key, arn): (&str, &str),
        now: f64,
    ) -> Option<Reply> {
        let is_taken = || {
            let text = format!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
            );
            self.jobs.contains_key(key).then(|| refused("ResourceInUse", text))
        };
        let is_unready = || {
            let role = body["RoleArn"].as_str().unwrap_or_default();
            let text = format!(
                "Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
            );
            let is_known = self.now() >= self.faults.role_unknown_until;
            (!is_known).then(|| refused("ValidationException", text))
        };
        let is_full = || {
            let live = self.jobs.values().filter(|job| !job.has_ended(now));
            let live: Vec<Machines> = live.map(Job::machines).collect();
            let text = Machines::of(body, None).exceed(&self.quotas, &live)?;
            Some(refused("ResourceLimitExceeded", text))
        };
        let is_impossible = || self.impossible(body).map(|(code, text)| refused(code, text));
        if self.faults.quota_before_name {
            return is_full().or_else(is_impossible).or_else(is_taken).or_else(is_unready);
        }
        is_taken().or_else(is_unready).or_else(is_impossible).or_else(is_full)
    }

    /// Why no training job can be like this, whatever else runs.
    fn impossible(&self, body: &Value) -> Option<(&'static str, String)> {
        for kind in Machines::of(body, None).types() {
            if self.faults.unsupported.contains(kind) {
                let text = format!(
                    "1 validation error detected: Value '{kind}' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [ml.m5.xlarge, ml.g5.xlarge]"
                );
                return Some(("ValidationException", text));
            }
            if self.faults.not_in_region.contains(kind) {
                let text = format!(
                    "The requested resource training-job/{kind} is not available in this region"
                );
                return Some(("ResourceLimitExceeded", text));
            }
        }
        let name = body["AlgorithmSpecification"]["AlgorithmName"].as_str()?;
        let known = self.resources.algorithm(name)?;
        let supported = known["TrainingSpecification"]["SupportedHyperParameters"].as_array()?;
        let given = body["HyperParameters"].as_object()?.keys();
        let mut unknown =
            given.filter(|name| !supported.iter().any(|own| own["Name"] == name.as_str())).filter(
                |name| *name != OBJECTIVE_METRIC || self.faults.refuses_objective_hyperparameter,
            );
        let name = unknown.next()?;
        let text = format!("Additional hyperparameters are not allowed: {name}");
        Some(("ValidationException", text))
    }
}
