//! Resources other than jobs: algorithms, models, endpoints, transform jobs.
//!
//! The fake stores them as they were created.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lists::Listing;
use super::reply::{Reply, refused};
use super::training_job::time;

/// A kind of resource, such as models.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// The name in operations, such as `CreateModel`.
    name: &'static str,
    /// The name in ARNs.
    arn_name: &'static str,
    /// The error code for a name that exists already.
    duplicate_code: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind { name: "Algorithm", arn_name: "algorithm", duplicate_code: "ValidationException" },
    Kind { name: "Model", arn_name: "model", duplicate_code: "ValidationException" },
    Kind {
        name: "EndpointConfig",
        arn_name: "endpoint-config",
        duplicate_code: "ValidationException",
    },
    Kind { name: "Endpoint", arn_name: "endpoint", duplicate_code: "ValidationException" },
    Kind { name: "TransformJob", arn_name: "transform-job", duplicate_code: "ResourceInUse" },
];

/// The time from the creation of an endpoint until it is in service, in seconds.
const ENDPOINT_CREATION_TIME: f64 = 2.0;
/// The time from the creation of a transform job until it starts, in seconds.
const TRANSFORM_START_TIME: f64 = 1.0;
/// The time from the creation of a transform job until it ends, in seconds.
const TRANSFORM_END_TIME: f64 = 3.0;
/// The time from a stop request until a transform job has stopped, in seconds.
const TRANSFORM_STOPPING_TIME: f64 = 0.5;

#[derive(Debug)]
struct Resource {
    body: Value,
    created: f64,
    stopped: Option<f64>,
}

/// All resources by kind and name.
#[derive(Debug, Default)]
pub(super) struct Resources(BTreeMap<(&'static str, String), Resource>);

/// The reply, and ARN and tags of a new resource.
pub(super) type ResourceReply = (Reply, Option<(String, Value)>);

impl Resources {
    /// Executes an operation on resources; returns `None` if the operation is on something else.
    pub(super) fn execute(
        &mut self,
        operation: &str,
        body: &Value,
        now: f64,
        arn: &dyn Fn(&str, &str) -> String,
    ) -> Option<ResourceReply> {
        if operation == "ListModels" {
            return Some((self.list_models(body, arn), None));
        }
        let (verb, kind) = KINDS.iter().find_map(|kind| {
            Some((operation.strip_suffix(kind.name)?, *kind))
                .filter(|(verb, _)| ["Create", "Describe", "Delete", "Stop"].contains(verb))
        })?;
        let member = format!("{}Name", kind.name);
        let name_or_arn = body[&member].as_str().unwrap_or_default();
        let name = name_or_arn.rsplit('/').next().unwrap_or_default().to_owned();
        let key = (kind.name, name.clone());
        let resource_arn = arn(kind.arn_name, &name);
        if verb == "Create" {
            return Some(self.create(kind, key, body, now, resource_arn));
        }
        let Some(resource) = self.0.get_mut(&key) else {
            let text = format!("Could not find {} \"{resource_arn}\".", kind.arn_name);
            return Some((refused("ValidationException", text), None));
        };
        let reply = match verb {
            "Describe" => Reply::Success(describe(kind, resource, &resource_arn, now)),
            "Delete" => {
                self.0.remove(&key);
                Reply::Success(json!({}))
            }
            _ => {
                resource.stopped.get_or_insert(now);
                Reply::Success(json!({}))
            }
        };
        Some((reply, None))
    }

    fn create(
        &mut self,
        kind: Kind,
        key: (&'static str, String),
        body: &Value,
        now: f64,
        arn: String,
    ) -> ResourceReply {
        if self.0.contains_key(&key) {
            let text = format!("Cannot create already existing {} \"{arn}\".", kind.arn_name);
            return (refused(kind.duplicate_code, text), None);
        }
        let dependency = match kind.name {
            "TransformJob" => Some(("Model", "ModelName")),
            "Endpoint" => Some(("EndpointConfig", "EndpointConfigName")),
            _ => None,
        };
        if let Some((needed, member)) = dependency {
            let name = body[member].as_str().unwrap_or_default().to_owned();
            if !self.0.contains_key(&(needed, name.clone())) {
                let text = format!("Could not find {} \"{name}\".", needed.to_lowercase());
                return (refused("ValidationException", text), None);
            }
        }
        let tags = body["Tags"].clone();
        let mut without_tags = body.clone();
        if let Some(members) = without_tags.as_object_mut() {
            members.shift_remove("Tags");
        }
        self.0.insert(key, Resource { body: without_tags, created: now, stopped: None });
        let response = json!({format!("{}Arn", kind.name): arn});
        (Reply::Success(response), Some((arn, tags)))
    }

    fn list_models(&self, body: &Value, arn: &dyn Fn(&str, &str) -> String) -> Reply {
        let models = self.0.iter().filter(|((kind, _), _)| *kind == "Model");
        let summaries = models.map(|((_, name), model)| {
            json!({
                "ModelName": name,
                "ModelArn": arn("model", name),
                "CreationTime": time(model.created),
            })
        });
        let listing = Listing {
            member: "Models",
            name: "ModelName",
            status: "",
            sort_by: "CreationTime",
            is_descending: true,
        };
        listing.reply(summaries.collect(), body)
    }

    /// Returns the request that created an algorithm, by its name or ARN.
    pub(super) fn algorithm(&self, name: &str) -> Option<&Value> {
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        self.0.get(&("Algorithm", name)).map(|resource| &resource.body)
    }
}

fn describe(kind: Kind, resource: &Resource, arn: &str, now: f64) -> Value {
    let mut description = resource.body.clone();
    let created = resource.created;
    description[format!("{}Arn", kind.name)] = json!(arn);
    description["CreationTime"] = json!(time(created));
    match kind.name {
        "Algorithm" => {
            description["AlgorithmStatus"] = json!("Completed");
            description["AlgorithmStatusDetails"] = json!({});
        }
        "Model" if description["EnableNetworkIsolation"].is_null() => {
            description["EnableNetworkIsolation"] = json!(false);
        }
        "Endpoint" => {
            let is_ready = now >= created + ENDPOINT_CREATION_TIME;
            description["EndpointStatus"] = json!(if is_ready { "InService" } else { "Creating" });
            description["LastModifiedTime"] = json!(time(created));
            if let Some(members) = description.as_object_mut() {
                members.shift_remove("DeploymentConfig");
            }
        }
        "TransformJob" => {
            let status = match resource.stopped.filter(|at| *at < created + TRANSFORM_END_TIME) {
                Some(at) if now < at + TRANSFORM_STOPPING_TIME => "Stopping",
                Some(_) => "Stopped",
                None if now < created + TRANSFORM_END_TIME => "InProgress",
                None => "Completed",
            };
            description["TransformJobStatus"] = json!(status);
            if status == "Completed" {
                description["TransformStartTime"] = json!(time(created + TRANSFORM_START_TIME));
                description["TransformEndTime"] = json!(time(created + TRANSFORM_END_TIME));
            }
        }
        _ => {}
    }
    description
}
