//! What training jobs tell on their way: the metrics service, and CloudWatch's logs.

use serde_json::{Value, json};

use super::account::{Account, Reply, refused};
use super::training_job::{number, time};

impl Account {
    pub(super) fn metrics(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let queries = body["MetricQueries"].as_array().into_iter().flatten();
        let results = queries.map(|query| {
            let job = self.jobs.values().find(|job| query["ResourceArn"] == job.arn.as_str());
            let told = job.zip(query["MetricName"].as_str());
            let told = told.map(|(job, metric)| job.told(metric, now)).unwrap_or_default();
            json!({
                "Status": "Complete",
                "XAxisValues": (1..=told.len()).collect::<Vec<_>>(),
                "MetricValues": told.iter().map(|(_, value)| number(*value)).collect::<Vec<_>>(),
            })
        });
        Reply::Answer(json!({"MetricQueryResults": results.collect::<Vec<_>>()}))
    }

    pub(super) fn log_streams(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
        let begun = self.jobs.values().filter(|job| !job.lines(now).is_empty());
        let streams = begun.map(|job| format!("{}/algo-1-1795132800", job.name));
        let streams = streams.filter(|name| name.starts_with(prefix));
        let streams: Vec<Value> = streams.map(|name| json!({"logStreamName": name})).collect();
        Reply::Answer(json!({"logStreams": streams}))
    }

    pub(super) fn log_events(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let stream = body["logStreamName"].as_str().unwrap_or_default();
        let name = stream.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let Some(job) = self.jobs.get(&name) else {
            return refused(
                "ResourceNotFoundException",
                "The specified log stream does not exist.",
            );
        };
        let token = body["nextToken"].as_str().and_then(|token| token.strip_prefix("f/"));
        let from = token.and_then(|token| token.parse().ok()).unwrap_or(0_usize);
        let lines = job.lines(now);
        let events = lines
            .iter()
            .skip(from)
            .map(|(at, line)| json!({"timestamp": (time(*at) * 1000.0).round(), "message": line}));
        let events: Vec<Value> = events.collect();
        let next = format!("f/{}", lines.len().max(from));
        Reply::Answer(json!({"events": events, "nextForwardToken": next}))
    }
}
