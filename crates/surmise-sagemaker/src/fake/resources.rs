//! Resources that a tuning needs besides jobs: algorithms, models, endpoints, transform jobs. They are kept as they were created.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lists::Listing;
use super::reply::{Reply, refused};
use super::training_job::time;

/// A kind of resources.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// In the names of operations, such as `CreateModel`.
    name: &'static str,
    /// In ARNs.
    part: &'static str,
    /// The code by which a name that is taken is refused.
    taken: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind { name: "Algorithm", part: "algorithm", taken: "ValidationException" },
    Kind { name: "Model", part: "model", taken: "ValidationException" },
    Kind { name: "EndpointConfig", part: "endpoint-config", taken: "ValidationException" },
    Kind { name: "Endpoint", part: "endpoint", taken: "ValidationException" },
    Kind { name: "TransformJob", part: "transform-job", taken: "ResourceInUse" },
];

/// Seconds until an endpoint is in service, and until a transform job begins, ends, has stopped.
const IN_SERVICE: f64 = 2.0;
const BEGINS: f64 = 1.0;
const ENDS: f64 = 3.0;
const STOPS: f64 = 0.5;

#[derive(Debug)]
struct Resource {
    body: Value,
    created: f64,
    stopped: Option<f64>,
}

/// All resources, by kind and name.
#[derive(Debug, Default)]
pub(super) struct Resources(BTreeMap<(&'static str, String), Resource>);

/// What is answered, and the ARN of a resource that was made with its tags.
pub(super) type Done = (Reply, Option<(String, Value)>);

impl Resources {
    /// Carries an operation out, if it is on resources; `arn` names one of a kind.
    pub(super) fn carry_out(
        &mut self,
        operation: &str,
        body: &Value,
        now: f64,
        arn: &dyn Fn(&str, &str) -> String,
    ) -> Option<Done> {
        if operation == "ListModels" {
            return Some((self.models(body, arn), None));
        }
        let (verb, kind) = KINDS.iter().find_map(|kind| {
            Some((operation.strip_suffix(kind.name)?, *kind))
                .filter(|(verb, _)| ["Create", "Describe", "Delete", "Stop"].contains(verb))
        })?;
        let member = format!("{}Name", kind.name);
        let asked = body[&member].as_str().unwrap_or_default();
        // An algorithm can be named by its ARN.
        let name = asked.rsplit('/').next().unwrap_or_default().to_owned();
        let key = (kind.name, name.clone());
        let own_arn = arn(kind.part, &name);
        if verb == "Create" {
            return Some(self.create(kind, key, body, now, own_arn));
        }
        let Some(resource) = self.0.get_mut(&key) else {
            let text = format!("Could not find {} \"{own_arn}\".", kind.part);
            return Some((refused("ValidationException", text), None));
        };
        let reply = match verb {
            "Describe" => Reply::Answer(described(kind, resource, &own_arn, now)),
            "Delete" => {
                self.0.remove(&key);
                Reply::Answer(json!({}))
            }
            _ => {
                resource.stopped.get_or_insert(now);
                Reply::Answer(json!({}))
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
    ) -> Done {
        if self.0.contains_key(&key) {
            let text = format!("Cannot create already existing {} \"{arn}\".", kind.part);
            return (refused(kind.taken, text), None);
        }
        let needs = match kind.name {
            "TransformJob" => Some(("Model", "ModelName")),
            "Endpoint" => Some(("EndpointConfig", "EndpointConfigName")),
            _ => None,
        };
        if let Some((needed, member)) = needs {
            let name = body[member].as_str().unwrap_or_default().to_owned();
            if !self.0.contains_key(&(needed, name.clone())) {
                let text = format!("Could not find {} \"{name}\".", needed.to_lowercase());
                return (refused("ValidationException", text), None);
            }
        }
        let tags = body["Tags"].clone();
        let mut kept = body.clone();
        if let Some(members) = kept.as_object_mut() {
            members.shift_remove("Tags");
        }
        self.0.insert(key, Resource { body: kept, created: now, stopped: None });
        let answer = json!({format!("{}Arn", kind.name): arn});
        (Reply::Answer(answer), Some((arn, tags)))
    }

    fn models(&self, body: &Value, arn: &dyn Fn(&str, &str) -> String) -> Reply {
        let models = self.0.iter().filter(|((kind, _), _)| *kind == "Model");
        let summaries = models.map(|((_, name), model)| {
            json!({"ModelName": name, "ModelArn": arn("model", name), "CreationTime": time(model.created)})
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

    /// What an algorithm was created with, by its name or ARN.
    pub(super) fn algorithm(&self, name: &str) -> Option<&Value> {
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        self.0.get(&("Algorithm", name)).map(|resource| &resource.body)
    }
}

fn described(kind: Kind, resource: &Resource, arn: &str, now: f64) -> Value {
    let mut answer = resource.body.clone();
    let created = resource.created;
    answer[format!("{}Arn", kind.name)] = json!(arn);
    answer["CreationTime"] = json!(time(created));
    match kind.name {
        "Algorithm" => {
            answer["AlgorithmStatus"] = json!("Completed");
            answer["AlgorithmStatusDetails"] = json!({});
        }
        "Model" if answer["EnableNetworkIsolation"].is_null() => {
            answer["EnableNetworkIsolation"] = json!(false);
        }
        "Endpoint" => {
            let is_ready = now >= created + IN_SERVICE;
            answer["EndpointStatus"] = json!(if is_ready { "InService" } else { "Creating" });
            answer["LastModifiedTime"] = json!(time(created));
            if let Some(members) = answer.as_object_mut() {
                members.shift_remove("DeploymentConfig");
            }
        }
        "TransformJob" => {
            let status = match resource.stopped.filter(|at| *at < created + ENDS) {
                Some(at) if now < at + STOPS => "Stopping",
                Some(_) => "Stopped",
                None if now < created + ENDS => "InProgress",
                None => "Completed",
            };
            answer["TransformJobStatus"] = json!(status);
            if status == "Completed" {
                answer["TransformStartTime"] = json!(time(created + BEGINS));
                answer["TransformEndTime"] = json!(time(created + ENDS));
            }
        }
        _ => {}
    }
    answer
}
