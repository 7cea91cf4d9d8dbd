//! The door to CloudWatch's logs: what training jobs print.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::Client;

use super::sdk::{Background, trouble};
use super::service::TrainingReport;
use super::trouble::ServiceError;
use crate::sagemaker::MetricPattern;

/// Where SageMaker puts what training jobs print; the names of a job's streams begin with its own.
const GROUP: &str = "/aws/sagemaker/TrainingJobs";
/// What the names of its streams go on with.
const FIRST_MACHINE: &str = "algo-1-";
/// So many pages are read at once at the most.
const MOST_PAGES: usize = 20;

/// Reads the logs of training jobs from where it left off.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// By the name of a stream: from where on.
    positions: HashMap<String, String>,
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
        let streams = client.describe_log_streams().log_group_name(GROUP);
        let streams = streams.log_stream_name_prefix(format!("{job}/{FIRST_MACHINE}"));
        let streams = runtime.run(streams.send())?.map_err(trouble)?;
        let mut reports = Vec::new();
        // Taken over when all has been read: else what was read before some trouble would be lost.
        let mut positions = HashMap::new();
        for stream in streams.log_streams().iter().filter_map(|stream| stream.log_stream_name()) {
            let mut position = self.positions.get(stream).cloned();
            for _ in 0..MOST_PAGES {
                let events = client.get_log_events().log_group_name(GROUP);
                let events = events.log_stream_name(stream).start_from_head(true);
                let events = events.set_next_token(position.clone());
                let events = runtime.run(events.send())?.map_err(trouble)?;
                let lines = events.events().iter().filter_map(|event| event.message());
                let values = lines.filter_map(|line| pattern.find(line)?.trim().parse().ok());
                reports.extend(values.map(|value| TrainingReport { step: None, value }));
                let next = events.next_forward_token().map(str::to_owned);
                let is_end = next.is_none() || next == position;
                position = next.or(position);
                if is_end {
                    break;
                }
            }
            positions.extend(position.map(|position| (stream.to_owned(), position)));
        }
        self.positions.extend(positions);
        Ok(reports)
    }
}
