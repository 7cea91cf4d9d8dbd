//! What training jobs tell on their way: the metrics service, and CloudWatch's logs.

use serde_json::{Value, json};

use super::account::Account;
use super::reply::{Reply, refused};
use super::training_job::{number, time};

/// As many events as a page of a log has if a request does not say.
const PAGE: usize = 10_000;

impl Account {
    /// The values of metrics; `chance`, from 0 to 1, says whether something goes wrong.
    pub(super) fn metrics(&self, body: &Value, chance: f64) -> Reply {
        let now = self.seconds();
        let faults = &self.faults;
        let queries = body["MetricQueries"].as_array().into_iter().flatten();
        let results = queries.map(|query| {
            let job = self.jobs.values().find(|job| query["ResourceArn"] == job.arn.as_str());
            if let Some(text) = &faults.metrics_refusal {
                return json!({"Status": "ValidationError", "Message": text});
            }
            if chance < faults.metric_errors {
                return json!({"Status": "InternalError", "Message": "An internal error occurred."});
            }
            let told = job.zip(query["MetricName"].as_str());
            let told = told.map(|(job, metric)| job.told(metric, now)).unwrap_or_default();
            let within = |at: f64| {
                query["Start"].as_f64().is_none_or(|start| time(at) >= start)
                    && query["End"].as_f64().is_none_or(|end| time(at) < end)
            };
            let by_time = query["XAxisType"] == "Timestamp";
            let axis = |place: usize, at: f64| match by_time {
                true => json!(time(at).trunc()),
                false => json!(place + 1),
            };
            let values: Vec<(Value, f64)> = told
                .iter()
                .enumerate()
                .filter(|(_, (at, _))| within(*at))
                .map(|(place, (at, value))| (axis(place, *at), *value))
                .collect();
            let most = faults.most_metric_values.unwrap_or(usize::MAX).min(values.len());
            json!({
                "Status": if most < values.len() { "Truncated" } else { "Complete" },
                "XAxisValues": values[..most].iter().map(|(place, _)| place.clone()).collect::<Vec<_>>(),
                "MetricValues": values[..most].iter().map(|(_, value)| number(*value)).collect::<Vec<_>>(),
            })
        });
        Reply::Answer(json!({"MetricQueryResults": results.collect::<Vec<_>>()}))
    }

    pub(super) fn log_streams(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
        let streams = self.jobs.values().flat_map(|job| job.streams(now));
        let streams = streams.filter(|(name, _)| name.starts_with(prefix));
        let streams: Vec<Value> = streams.map(|(name, _)| json!({"logStreamName": name})).collect();
        Reply::Answer(json!({"logStreams": streams}))
    }

    /// A page of a stream. A token says in which place it goes on, in which direction, and when it was given.
    pub(super) fn log_events(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let stream = body["logStreamName"].as_str().unwrap_or_default();
        let name = stream.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let streams = self.jobs.get(&name).map(|job| job.streams(now)).unwrap_or_default();
        let Some((_, lines)) = streams.into_iter().find(|(name, _)| name == stream) else {
            return refused(
                "ResourceNotFoundException",
                "The specified log stream does not exist.",
            );
        };
        let limit = body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.unwrap_or(PAGE).max(1);
        let from = match body["nextToken"].as_str() {
            None if body["startFromHead"] == true => 0,
            None => lines.len().saturating_sub(limit),
            Some(token) => match self.log_position(token, now) {
                Some(from) => from.min(lines.len()),
                None => {
                    let text = "The specified nextToken is invalid.";
                    return refused("InvalidParameterException", text);
                }
            },
        };
        let to = lines.len().min(from.saturating_add(limit));
        let events = lines[from..to]
            .iter()
            .map(|(at, line)| json!({"timestamp": (time(*at) * 1000.0).round(), "message": line}));
        let events: Vec<Value> = events.collect();
        Reply::Answer(json!({"events": events, "nextForwardToken": format!("f/{to}/{now}")}))
    }

    /// Where a token goes on, if it is still valid.
    fn log_position(&self, token: &str, now: f64) -> Option<usize> {
        let (place, given) = token.strip_prefix("f/")?.split_once('/')?;
        let age = now - given.parse::<f64>().ok()?;
        let life = self.faults.log_token_life.map_or(f64::INFINITY, |life| life.as_secs_f64());
        (age <= life).then(|| place.parse().ok())?
    }
}
