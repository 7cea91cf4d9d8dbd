//! Tags of resources, by ARN.

use serde_json::{Value, json};

use super::account::Account;
use super::reply::{Reply, refused};

/// The maximum number of tags of a resource.
const MAX_TAGS: usize = 50;

impl Account {
    pub(super) fn tag(&mut self, arn: &str, tags: &Value) {
        let existing = self.tags.entry(arn.to_owned()).or_default();
        for tag in tags.as_array().into_iter().flatten() {
            existing.retain(|it| it["Key"] != tag["Key"]);
            existing.push(tag.clone());
        }
    }

    pub(super) fn tags(&mut self, operation: &str, body: &Value) -> Reply {
        let arn = body["ResourceArn"].as_str().unwrap_or_default();
        let Some(existing) = self.tags.get(arn) else {
            return refused("ValidationException", format!("Could not find resource {arn}."));
        };
        match operation {
            "AddTags" => {
                let new = body["Tags"].as_array().into_iter().flatten();
                let more = new.filter(|tag| existing.iter().all(|it| it["Key"] != tag["Key"]));
                if existing.len() + more.count() > MAX_TAGS {
                    let text = format!("{arn} can have at most {MAX_TAGS} tags.");
                    return refused("ValidationException", text);
                }
                self.tag(arn, &body["Tags"]);
                Reply::Success(json!({"Tags": self.tags.get(arn)}))
            }
            "DeleteTags" => {
                let keys = body["TagKeys"].as_array().cloned().unwrap_or_default();
                if let Some(existing) = self.tags.get_mut(arn) {
                    existing.retain(|tag| !keys.contains(&tag["Key"]));
                }
                Reply::Success(json!({}))
            }
            _ => Reply::Success(json!({"Tags": existing})),
        }
    }
}
