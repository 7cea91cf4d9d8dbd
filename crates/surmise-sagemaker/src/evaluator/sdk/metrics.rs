//! The door to SageMaker's metrics service: what training jobs report on their way.

use std::collections::HashMap;

use aws_sdk_sagemakermetrics::Client;
use aws_sdk_sagemakermetrics::types::{
    MetricQuery, MetricQueryResult, MetricQueryResultStatus, MetricStatistic, Period, XAxisType,
};

use super::background::{Background, trouble};
use crate::evaluator::description::TrainingJob;
use crate::evaluator::service::TrainingReport;
use crate::evaluator::trouble::{ServiceError, ServiceErrorKind};

/// So many pages are read at once at the most.
const MOST_PAGES: usize = 50;
/// Times beyond this are milliseconds: in which unit the service tells times, is not documented.
const MILLISECONDS: i64 = 100_000_000_000;

/// Reads the values of a metric, job by job, where the service does not tell all at once.
#[derive(Debug, Default)]
pub(super) struct MetricReader {
    /// By the name of a job: since when values are asked for, in seconds since 1970, if that is not the beginning.
    since: HashMap<String, i64>,
    /// Whether values cannot be had because the service tells only some at once; and whether that has been said.
    is_cut: bool,
    has_said_so: bool,
}

impl MetricReader {
    /// The values of a metric by the number of the iteration, those that have been told before among them.
    pub(super) fn read(
        &mut self,
        client: &Client,
        runtime: &Background,
        job: &TrainingJob,
        metric: &str,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        if self.is_cut && !self.has_said_so {
            self.has_said_so = true;
            let text = "BatchGetMetrics: Truncated: it does not tell all values of a training job, and later ones cannot be asked for; read them from the logs (TrainingReports::Logs)";
            return Err(ServiceError::new(ServiceErrorKind::Invalid, text));
        }
        let mut reports = Vec::new();
        let mut since = self.since.get(&job.name).copied();
        for _ in 0..MOST_PAGES {
            let query = |axis| ask(client, runtime, (job, metric), axis, since);
            let (values, is_whole) = query(XAxisType::IterationNumber)?;
            reports.extend(values.into_iter().filter_map(|(step, value)| {
                let step = Some(u64::try_from(step).ok()?);
                Some(TrainingReport { step, value, at: None, stream: 0 })
            }));
            if is_whole {
                break;
            }
            // Goes on from the time of the last value that was told.
            let (values, _) = query(XAxisType::Timestamp)?;
            let last = values.into_iter().map(|(at, _)| at).max();
            let last = last.map(|at| if at > MILLISECONDS { at / 1000 } else { at });
            if last.is_none() || last <= since {
                self.is_cut = true;
                break;
            }
            since = last;
        }
        self.since.extend(since.map(|since| (job.name.clone(), since)));
        Ok(reports)
    }
}

/// Places on an axis and values there, and whether these are all.
fn ask(
    client: &Client,
    runtime: &Background,
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
    let answer = runtime.run(call.send())?.map_err(trouble)?;
    let Some(result) = answer.metric_query_results().first() else { return Ok((vec![], true)) };
    let is_whole = match result.status() {
        Some(MetricQueryResultStatus::Truncated) => false,
        None | Some(MetricQueryResultStatus::Complete) => true,
        Some(status) => return Err(refusal(status, result)),
    };
    let places = result.x_axis_values().iter().copied();
    Ok((places.zip(result.metric_values().iter().copied()).collect(), is_whole))
}

fn refusal(status: &MetricQueryResultStatus, result: &MetricQueryResult) -> ServiceError {
    let kind = match status {
        MetricQueryResultStatus::InternalError => ServiceErrorKind::Unreachable,
        _ => ServiceErrorKind::Invalid,
    };
    let text = result.message().unwrap_or("it says no more");
    ServiceError::new(kind, format!("BatchGetMetrics: {}: {text}", status.as_str()))
}
