//! Reads the reports and the last lines of training jobs from CloudWatch Logs.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;

use super::runtime::{BackgroundRuntime, service_error};
use crate::evaluator::service::TrainingReport;
use crate::evaluator::service_error::{ServiceError, ServiceErrorKind};
use surmise::pattern::MetricPattern;

/// The log group of training jobs. The names of a job's streams begin with the name of the job.
const GROUP: &str = "/aws/sagemaker/TrainingJobs";
/// The continuation of the names of the streams of a job's first instance.
const FIRST_INSTANCE: &str = "algo-1-";
/// Maximum number of pages of a stream in one call.
const MAX_PAGES: usize = 200;
/// Number of consecutive empty pages that mark the end of a stream.
const MAX_EMPTY_PAGES: usize = 2;

/// The position up to which a stream has been read.
#[derive(Debug, Clone, Default)]
struct Position {
    /// The token of the next page; it is valid for a day.
    token: Option<String>,
    /// Number of events that have been read.
    read: usize,
    /// Number of the next events to skip: they were read before reading had to restart.
    to_skip: usize,
}

/// Reads the logs of training jobs, in each call from the position of the previous one.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// Positions by the name of the stream.
    positions: HashMap<String, Position>,
}

impl LogReader {
    /// Returns the matches of a pattern in the lines since the last call. Only the first instance
    /// of a job is read.
    pub(super) fn read(
        &mut self,
        client: &Client,
        runtime: &BackgroundRuntime,
        job: &str,
        pattern: &MetricPattern,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        let streams = streams(client, runtime, job)?;
        let mut reports = Vec::new();
        // Stored at the end, so that an error does not lose the events read before it.
        let mut positions = HashMap::new();
        for (index, stream) in streams.into_iter().enumerate() {
            let mut position = self.positions.get(&stream).cloned().unwrap_or_default();
            let mut empty_pages = 0;
            for _ in 0..MAX_PAGES {
                let page = match read_page(client, runtime, &stream, position.token.clone()) {
                    // The token has expired: restart, and skip the events that were read.
                    Err(error)
                        if error.kind == ServiceErrorKind::Invalid && position.token.is_some() =>
                    {
                        let to_skip = position.read.max(position.to_skip);
                        position = Position { to_skip, ..Position::default() };
                        continue;
                    }
                    page => page?,
                };
                let events = page.events();
                let skipped = position.to_skip.min(events.len());
                position.to_skip -= skipped;
                position.read += events.len();
                empty_pages = if events.is_empty() { empty_pages + 1 } else { 0 };
                for event in &events[skipped..] {
                    let value = event.message().and_then(|line| pattern.find(line));
                    let Some(value) = value.and_then(|text| text.trim().parse().ok()) else {
                        continue;
                    };
                    #[allow(clippy::cast_precision_loss, reason = "milliseconds of our age")]
                    let printed_at = event.timestamp().map(|at| at as f64 / 1000.0);
                    reports.push(TrainingReport { step: None, value, printed_at, stream: index });
                }
                let next = page.next_forward_token().map(str::to_owned);
                // A page may be empty in the middle, and a token may change at the end.
                let is_end =
                    next.is_none() || next == position.token || empty_pages == MAX_EMPTY_PAGES;
                position.token = next.or(position.token);
                if is_end {
                    break;
                }
            }
            positions.insert(stream, position);
        }
        self.positions.extend(positions);
        Ok(reports)
    }

    /// Returns up to `max_lines` of the last lines of a job, from the latest stream of its first
    /// instance.
    pub(super) fn last_lines(
        client: &Client,
        runtime: &BackgroundRuntime,
        job: &str,
        max_lines: usize,
    ) -> Result<Vec<String>, ServiceError> {
        let Some(stream) = streams(client, runtime, job)?.pop() else { return Ok(Vec::new()) };
        let limit = i32::try_from(max_lines).unwrap_or(i32::MAX);
        let call = client.get_log_events().log_group_name(GROUP).log_stream_name(stream);
        let call = call.start_from_head(false).limit(limit);
        let page = runtime.run(call.send())?.map_err(service_error)?;
        let lines = page.events().iter().filter_map(|event| event.message());
        Ok(lines.map(|line| line.trim_end().to_owned()).collect())
    }
}

/// Returns the streams of a job's first instance, in the order of their start times, which are the
/// ends of their names.
fn streams(
    client: &Client,
    runtime: &BackgroundRuntime,
    job: &str,
) -> Result<Vec<String>, ServiceError> {
    let call = client.describe_log_streams().log_group_name(GROUP);
    let call = call.log_stream_name_prefix(format!("{job}/{FIRST_INSTANCE}"));
    let response = runtime.run(call.send())?.map_err(service_error)?;
    let names = response.log_streams().iter().filter_map(|stream| stream.log_stream_name());
    // Other streams continue after the time, such as .../data-log.
    let dated = names.filter_map(|name| {
        let time = name.rsplit('-').next()?.parse::<u64>().ok()?;
        name.strip_prefix(job)?
            .strip_prefix(&format!("/{FIRST_INSTANCE}{time}"))?
            .is_empty()
            .then(|| (time, name.to_owned()))
    });
    let mut dated: Vec<(u64, String)> = dated.collect();
    dated.sort();
    Ok(dated.into_iter().map(|(_, name)| name).collect())
}

/// Reads a page of a stream: that of the token, or the first one.
fn read_page(
    client: &Client,
    runtime: &BackgroundRuntime,
    stream: &str,
    token: Option<String>,
) -> Result<GetLogEventsOutput, ServiceError> {
    let call = client.get_log_events().log_group_name(GROUP).log_stream_name(stream);
    let call = call.start_from_head(true).set_next_token(token);
    runtime.run(call.send())?.map_err(service_error)
}
