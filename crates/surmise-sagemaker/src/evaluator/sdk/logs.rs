//! The door to CloudWatch's logs: what training jobs print.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;

use super::background::{Background, trouble};
use crate::evaluator::service::TrainingReport;
use crate::evaluator::trouble::{ServiceError, ServiceErrorKind};
use surmise::pattern::MetricPattern;

/// Where SageMaker puts what training jobs print; the names of a job's streams begin with its own.
const GROUP: &str = "/aws/sagemaker/TrainingJobs";
/// What the names of its streams go on with.
const FIRST_MACHINE: &str = "algo-1-";
/// So many pages of a stream are read at once at the most.
const MOST_PAGES: usize = 200;
/// So many empty pages in a row are the end of a stream.
const EMPTY_PAGES: usize = 2;

/// Where the reading of a stream goes on.
#[derive(Debug, Clone, Default)]
struct Position {
    /// The service's token; it is valid for a day.
    token: Option<String>,
    /// So many events have been read.
    read: usize,
    /// So many of those that come next are known, because the reading began anew.
    known: usize,
}

/// Reads the logs of training jobs from where it left off.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// By the name of a stream.
    positions: HashMap<String, Position>,
}

impl LogReader {
    /// What a pattern finds in what has been printed since this was asked last: by the first machine, if there are several.
    pub(super) fn read(
        &mut self,
        client: &Client,
        runtime: &Background,
        job: &str,
        pattern: &MetricPattern,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        let streams = streams(client, runtime, job)?;
        let mut reports = Vec::new();
        // Taken over when all has been read: else what was read before some trouble would be lost.
        let mut positions = HashMap::new();
        for (place, stream) in streams.into_iter().enumerate() {
            let mut position = self.positions.get(&stream).cloned().unwrap_or_default();
            let mut empty_pages = 0;
            for _ in 0..MOST_PAGES {
                let page = match page(client, runtime, &stream, position.token.clone()) {
                    // The token is too old: begin anew, and pass over what is known.
                    Err(error)
                        if error.kind == ServiceErrorKind::Invalid && position.token.is_some() =>
                    {
                        let known = position.read.max(position.known);
                        position = Position { known, ..Position::default() };
                        continue;
                    }
                    page => page?,
                };
                let events = page.events();
                let passed_over = position.known.min(events.len());
                position.known -= passed_over;
                position.read += events.len();
                empty_pages = if events.is_empty() { empty_pages + 1 } else { 0 };
                for event in &events[passed_over..] {
                    let value = event.message().and_then(|line| pattern.find(line));
                    let Some(value) = value.and_then(|text| text.trim().parse().ok()) else {
                        continue;
                    };
                    #[allow(clippy::cast_precision_loss, reason = "milliseconds of our age")]
                    let at = event.timestamp().map(|at| at as f64 / 1000.0);
                    reports.push(TrainingReport { step: None, value, at, stream: place });
                }
                let next = page.next_forward_token().map(str::to_owned);
                // A page may be empty in the middle, and a token may change at the end.
                let is_end = next.is_none() || next == position.token || empty_pages == EMPTY_PAGES;
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

    /// The last lines that a job has printed, in any of its streams of the first machine.
    pub(super) fn last_lines(
        client: &Client,
        runtime: &Background,
        job: &str,
        most: usize,
    ) -> Result<Vec<String>, ServiceError> {
        let Some(stream) = streams(client, runtime, job)?.pop() else { return Ok(Vec::new()) };
        let limit = i32::try_from(most).unwrap_or(i32::MAX);
        let call = client.get_log_events().log_group_name(GROUP).log_stream_name(stream);
        let call = call.start_from_head(false).limit(limit);
        let page = runtime.run(call.send())?.map_err(trouble)?;
        let lines = page.events().iter().filter_map(|event| event.message());
        Ok(lines.map(|line| line.trim_end().to_owned()).collect())
    }
}

/// The streams of a job's first machine, in the order in which they were begun: their names end with when that was.
fn streams(client: &Client, runtime: &Background, job: &str) -> Result<Vec<String>, ServiceError> {
    let call = client.describe_log_streams().log_group_name(GROUP);
    let call = call.log_stream_name_prefix(format!("{job}/{FIRST_MACHINE}"));
    let answer = runtime.run(call.send())?.map_err(trouble)?;
    let names = answer.log_streams().iter().filter_map(|stream| stream.log_stream_name());
    // Others have names that begin alike and go on, such as .../data-log.
    let dated = names.filter_map(|name| {
        let moment = name.rsplit('-').next()?.parse::<u64>().ok()?;
        name.strip_prefix(job)?
            .strip_prefix(&format!("/{FIRST_MACHINE}{moment}"))?
            .is_empty()
            .then(|| (moment, name.to_owned()))
    });
    let mut dated: Vec<(u64, String)> = dated.collect();
    dated.sort();
    Ok(dated.into_iter().map(|(_, name)| name).collect())
}

/// A page of a stream, from a token on or from its beginning.
fn page(
    client: &Client,
    runtime: &Background,
    stream: &str,
    token: Option<String>,
) -> Result<GetLogEventsOutput, ServiceError> {
    let call = client.get_log_events().log_group_name(GROUP).log_stream_name(stream);
    let call = call.start_from_head(true).set_next_token(token);
    runtime.run(call.send())?.map_err(trouble)
}
