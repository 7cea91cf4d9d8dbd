//! Reads the reports of training jobs from SageMaker's metrics service.

use std::collections::HashMap;

use aws_sdk_sagemakermetrics::Client;
use aws_sdk_sagemakermetrics::types::{
    MetricQuery, MetricQueryResult, MetricQueryResultStatus, MetricStatistic, Period, XAxisType,
};

use super::runtime::{BackgroundRuntime, service_error};
use crate::evaluator::description::TrainingJob;
use crate::evaluator::service::TrainingReport;
use crate::evaluator::service_error::{ServiceError, ServiceErrorKind};

/// Maximum number of pages in one call.
const MAX_PAGES: usize = 50;
/// Times above this are in milliseconds: AWS does not document the unit of timestamps.
const MIN_MILLISECONDS: i64 = 100_000_000_000;

/// Reads the values of a metric, even if the service truncates its responses.
#[derive(Debug, Default)]
pub(super) struct MetricReader {
    /// For each job, by name: the start of the next query in seconds since 1970, unless it is the
    /// beginning.
    since: HashMap<String, i64>,
    /// True if the service truncates the values of a job and later ones cannot be queried.
    is_truncated: bool,
    has_reported_truncation: bool,
}

impl MetricReader {
    /// Reads the values of a metric by iteration number. Values of earlier calls may be among them.
    pub(super) fn read(
        &mut self,
        client: &Client,
        runtime: &BackgroundRuntime,
        job: &TrainingJob,
        metric: &str,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        if self.is_truncated && !self.has_reported_truncation {
            self.has_reported_truncation = true;
            let text = "BatchGetMetrics: Truncated: the service returns only some values of a \
                        training job, and later ones cannot be queried; read them from the logs \
                        (TrainingReportSource::Logs)";
            return Err(ServiceError::new(ServiceErrorKind::Invalid, text));
        }
        let mut reports = Vec::new();
        let mut since = self.since.get(&job.name).copied();
        for _ in 0..MAX_PAGES {
            let query = |axis| query_metric(client, runtime, (job, metric), axis, since);
            let (values, is_complete) = query(XAxisType::IterationNumber)?;
            reports.extend(values.into_iter().filter_map(|(step, value)| {
                let step = Some(u64::try_from(step).ok()?);
                Some(TrainingReport { step, value, printed_at: None, stream: 0 })
            }));
            if is_complete {
                break;
            }
            // Continue from the time of the last value.
            let (values, _) = query(XAxisType::Timestamp)?;
            let last = values.into_iter().map(|(at, _)| at).max();
            let last = last.map(|at| if at > MIN_MILLISECONDS { at / 1000 } else { at });
            if last.is_none() || last <= since {
                self.is_truncated = true;
                break;
            }
            since = last;
        }
        self.since.extend(since.map(|since| (job.name.clone(), since)));
        Ok(reports)
    }
}

/// Queries a metric. Returns pairs of axis position and value, and whether they are complete.
fn query_metric(
    client: &Client,
    runtime: &BackgroundRuntime,
    (job, metric): (&TrainingJob, &str),
    axis: XAxisType,
    since: Option<i64>,
) -> Result<(Vec<(i64, f64)>, bool), ServiceError> {
    let query = MetricQuery::builder()
        .metric_name(metric)
        .resource_arn(&job.arn)
        .metric_stat(MetricStatistic::Last)
        .period(Period::IterationNumber)
        .x_axis_type(axis)
        .set_start(since)
        .build();
    let call = client.batch_get_metrics().metric_queries(query);
    let response = runtime.run(call.send())?.map_err(service_error)?;
    let Some(result) = response.metric_query_results().first() else { return Ok((vec![], true)) };
    let is_complete = match result.status() {
        Some(MetricQueryResultStatus::Truncated) => false,
        None | Some(MetricQueryResultStatus::Complete) => true,
        Some(status) => return Err(query_error(status, result)),
    };
    let positions = result.x_axis_values().iter().copied();
    Ok((positions.zip(result.metric_values().iter().copied()).collect(), is_complete))
}

fn query_error(status: &MetricQueryResultStatus, result: &MetricQueryResult) -> ServiceError {
    let kind = match status {
        MetricQueryResultStatus::InternalError => ServiceErrorKind::Unreachable,
        _ => ServiceErrorKind::Invalid,
    };
    let text = result.message().unwrap_or("no message");
    ServiceError::new(kind, format!("BatchGetMetrics: {}: {text}", status.as_str()))
}
