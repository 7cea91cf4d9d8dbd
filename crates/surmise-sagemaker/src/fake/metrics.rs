//! The metrics service and CloudWatch's logs of training jobs.

use std::time::Duration;

use serde_json::{Value, json};

use super::account::Account;
use super::reply::{Reply, refused};
use super::training_job::{number, time};

/// The default number of events on a page of a log.
const DEFAULT_PAGE_SIZE: usize = 10_000;

impl Account {
    /// Executes `BatchGetMetrics`; `draw`, uniform from 0 to 1, decides about a fault.
    pub(super) fn metrics(&self, body: &Value, draw: f64) -> Reply {
        let now = self.seconds();
        let faults = &self.faults;
        let queries = body["MetricQueries"].as_array().into_iter().flatten();
        let results = queries.map(|query| {
            let job = self.jobs.values().find(|job| query["ResourceArn"] == job.arn.as_str());
            if let Some(text) = &faults.metrics_refusal {
                return json!({"Status": "ValidationError", "Message": text});
            }
            if draw < faults.metric_errors {
                let text = "An internal error occurred.";
                return json!({"Status": "InternalError", "Message": text});
            }
            let reported = job.zip(query["MetricName"].as_str());
            let reported =
                reported.map(|(job, metric)| job.reported_values(metric, now)).unwrap_or_default();
            let is_in_range = |at: f64| {
                query["Start"].as_f64().is_none_or(|start| time(at) >= start)
                    && query["End"].as_f64().is_none_or(|end| time(at) < end)
            };
            let is_by_time = query["XAxisType"] == "Timestamp";
            let x = |index: usize, at: f64| match is_by_time {
                true => json!(time(at).trunc()),
                false => json!(index + 1),
            };
            let points: Vec<(Value, f64)> = reported
                .iter()
                .enumerate()
                .filter(|(_, (at, _))| is_in_range(*at))
                .map(|(index, (at, value))| (x(index, *at), *value))
                .collect();
            let count = faults.max_metric_values.unwrap_or(usize::MAX).min(points.len());
            let returned = &points[..count];
            let x_values: Vec<&Value> = returned.iter().map(|(x, _)| x).collect();
            let values: Vec<Value> = returned.iter().map(|(_, value)| number(*value)).collect();
            json!({
                "Status": if count < points.len() { "Truncated" } else { "Complete" },
                "XAxisValues": x_values,
                "MetricValues": values,
            })
        });
        Reply::Success(json!({"MetricQueryResults": results.collect::<Vec<_>>()}))
    }

    pub(super) fn log_streams(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
        let streams = self.jobs.values().flat_map(|job| job.streams(now));
        let streams = streams.filter(|(name, _)| name.starts_with(prefix));
        let streams: Vec<Value> = streams.map(|(name, _)| json!({"logStreamName": name})).collect();
        Reply::Success(json!({"logStreams": streams}))
    }

    /// Executes `GetLogEvents`: returns one page of a stream.
    ///
    /// A token holds the direction, the position of the next page, and the time of its issue.
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
        let limit = limit.unwrap_or(DEFAULT_PAGE_SIZE).max(1);
        let start = match body["nextToken"].as_str() {
            None if body["startFromHead"] == true => 0,
            None => lines.len().saturating_sub(limit),
            Some(token) => match self.log_position(token, now) {
                Some(position) => position.min(lines.len()),
                None => {
                    let text = "The specified nextToken is invalid.";
                    return refused("InvalidParameterException", text);
                }
            },
        };
        let end = lines.len().min(start.saturating_add(limit));
        let events = lines[start..end]
            .iter()
            .map(|(at, line)| json!({"timestamp": (time(*at) * 1000.0).round(), "message": line}));
        let events: Vec<Value> = events.collect();
        Reply::Success(json!({"events": events, "nextForwardToken": format!("f/{end}/{now}")}))
    }

    /// Returns the position in a token, if the token is still valid.
    fn log_position(&self, token: &str, now: f64) -> Option<usize> {
        let (position, issued) = token.strip_prefix("f/")?.split_once('/')?;
        let age = now - issued.parse::<f64>().ok()?;
        let lifetime = self.faults.log_token_lifetime.as_ref().map(Duration::as_secs_f64);
        (age <= lifetime.unwrap_or(f64::INFINITY)).then(|| position.parse().ok())?
    }
}
