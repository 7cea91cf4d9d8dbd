//! Tags of resources, by ARN.

use serde_json::{Value, json};

use super::account::Account;
use super::reply::{Reply, refused};

/// The maximum number of tags of a resource.
const MAX_TAGS: usize = 50;

impl Account {
    pub(super) fn tag(&mut self, arn: &str, tags: &Value) {
        let own = self.tags.entry(arn.to_owned()).or_default();
        for tag in tags.as_array().into_iter().flatten() {
            own.retain(|known| known["Key"] != tag["Key"]);
            own.push(tag.clone());
        }
    }

    pub(super) fn tags(&mut self, operation: &str, body: &Value) -> Reply {
        let arn = body["ResourceArn"].as_str().unwrap_or_default();
        let Some(own) = self.tags.get(arn) else {
            return refused("ValidationException", format!("Could not find resource {arn}."));
        };
        match operation {
            "AddTags" => {
                let new = body["Tags"].as_array().into_iter().flatten();
                let more = new.filter(|tag| own.iter().all(|known| known["Key"] != tag["Key"]));
                if own.len() + more.count() > MAX_TAGS {
                    let text = format!("{arn} can have at most {MAX_TAGS} tags.");
                    return refused("ValidationException", text);
                }
                self.tag(arn, &body["Tags"]);
                Reply::Answer(json!({"Tags": self.tags.get(arn)}))
            }
            "DeleteTags" => {
                let keys = body["TagKeys"].as_array().cloned().unwrap_or_default();
                if let Some(own) = self.tags.get_mut(arn) {
                    own.retain(|tag| !keys.contains(&tag["Key"]));
                }
                Reply::Answer(json!({}))
            }
            _ => Reply::Answer(json!({"Tags": own})),
        }
    }
}
