//! The service by AWS's SDK for Rust: signs and sends requests, and reads responses.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sagemaker::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_sagemaker::config::retry::RetryConfig;
use aws_sdk_sagemaker::config::timeout::TimeoutConfig;
use aws_sdk_sagemaker::config::{ConfigBag, Credentials, Intercept, RuntimeComponents};
use aws_sdk_sagemaker::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::{BooleanOperator, Filter, Operator, ResourceType, SearchExpression};
use serde::Serialize;
use serde_json::Value;

#[cfg(feature = "logs")]
use super::logs::LogReader;
use super::metrics::MetricReader;
use super::runtime::{BackgroundRuntime, service_error};
use crate::evaluator::description::TrainingJob;
use crate::evaluator::service::{
    FoundJobs, JobFilter, TrainingReport, TrainingReportSource, TrainingService,
};
use crate::evaluator::service_error::{ServiceError, ServiceErrorKind};
use crate::evaluator::tuning_job::TuningService;
use crate::request::{CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest};

/// Timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of results on a page; the maximum that the service allows.
const PAGE_SIZE: i32 = 100;

/// The connection to SageMaker: region, credentials and endpoint.
///
/// Settings that are not set here come from the environment, as for every AWS program: environment
/// variables, `~/.aws`, single sign-on, or the role of the machine.
#[derive(Clone, Default)]
pub struct Connection {
    region: Option<String>,
    profile: Option<String>,
    endpoint: Option<String>,
    credentials: Option<Credentials>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Returns a connection that takes all settings from the environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the region, such as `us-west-2`; by default that of the environment or the profile.
    ///
    /// Use it if the program must always run in one region.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Sets the profile of `~/.aws/config`; by default `AWS_PROFILE`, otherwise `default`.
    ///
    /// Use it if this machine has credentials of several accounts or roles.
    #[must_use]
    pub fn profile(self, profile: impl Into<String>) -> Self {
        Self { profile: Some(profile.into()), ..self }
    }

    /// Sets the URL of the service; by default that of the environment, otherwise AWS's.
    ///
    /// Use it for the fake in tests, or for a private endpoint of your network.
    #[must_use]
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        Self { endpoint: Some(url.into()), ..self }
    }

    /// Sets an access key; by default the credentials come from the environment.
    ///
    /// Use it if another program hands out the keys, or with any key for the fake. Such credentials
    /// are not renewed when they expire.
    #[must_use]
    pub fn access_key(self, id: &str, secret: &str, session_token: Option<String>) -> Self {
        let credentials = Credentials::new(id, secret, session_token, None, "given");
        Self { credentials: Some(credentials), ..self }
    }

    /// Opens the connection. Sends no request.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Invalid`] if no region is set, or if the background thread cannot be
    /// started.
    pub fn open(self) -> Result<SageMakerService, ServiceError> {
        let runtime = BackgroundRuntime::start()
            .map_err(|error| ServiceError::new(ServiceErrorKind::Invalid, error.to_string()))?;
        let clients = self.clients(&runtime)?;
        Ok(SageMakerService {
            clients,
            #[cfg(feature = "logs")]
            logs: LogReader::default(),
            metrics: MetricReader::default(),
            connection: self,
            has_stale_credentials: false,
            runtime,
        })
    }

    /// Returns whether the credentials can be renewed; those of [`access_key`](Self::access_key)
    /// cannot.
    fn can_be_renewed(&self) -> bool {
        self.credentials.is_none()
    }

    /// Loads the current region and credentials, and creates the clients.
    fn clients(&self, runtime: &BackgroundRuntime) -> Result<Clients, ServiceError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(REQUEST_TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .build(),
        );
        if let Some(region) = self.region.clone() {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(credentials) = self.credentials.clone() {
            loader = loader.credentials_provider(credentials);
        }
        let config = runtime.run(async move { loader.load().await })?;
        if config.region().is_none() {
            let text = "no region is set; set one, for example by the variable AWS_REGION";
            return Err(ServiceError::new(ServiceErrorKind::Invalid, text));
        }
        // The evaluator retries requests itself. Loading credentials keeps the SDK's retries.
        macro_rules! client {
            ($sdk:ident) => {{
                let config = $sdk::config::Builder::from(&config);
                $sdk::Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
            }};
        }
        Ok(Clients {
            sagemaker: client!(aws_sdk_sagemaker),
            metrics: client!(aws_sdk_sagemakermetrics),
            #[cfg(feature = "logs")]
            logs: client!(aws_sdk_cloudwatchlogs),
        })
    }
}

/// SageMaker by AWS's SDK for Rust (feature `sdk`).
///
/// Each request is signed, sent and answered within 15 seconds. A call sends one request, except
/// for reports and logs, which may take several pages. The SDK's own retries are disabled, because
/// the evaluator limits and retries requests itself. Any program may call it, also an asynchronous
/// one; a call blocks its thread.
///
/// ```no_run
/// use surmise::Tuner;
/// use surmise_sagemaker::evaluator::Connection;
/// use surmise_sagemaker::{Document, SageMakerEvaluator};
///
/// let document = Document::read(&std::fs::read("tuning_job.json")?)?;
/// let tuning = document.tuning()?;
/// let service = Connection::new().region("us-west-2").open()?;
/// let mut evaluator = SageMakerEvaluator::new(&document.request()?, service)?;
/// let rules = evaluator.adapt_rules(tuning.rules.clone());
/// let mut study = tuning.study()?;
/// Tuner::with_rules(rules).run(&mut study, &mut evaluator)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SageMakerService {
    clients: Clients,
    #[cfg(feature = "logs")]
    logs: LogReader,
    metrics: MetricReader,
    connection: Connection,
    /// True once the service has refused the credentials of the clients.
    has_stale_credentials: bool,
    runtime: BackgroundRuntime,
}

/// The clients of the SDK. They keep the credentials that they have read, even if files change.
struct Clients {
    sagemaker: Client,
    metrics: aws_sdk_sagemakermetrics::Client,
    #[cfg(feature = "logs")]
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl SageMakerService {
    /// Returns the clients. Creates new ones if the credentials were refused, because the user may
    /// have renewed them; not if a signature was refused, because each client has learned from the
    /// refusal how far this machine's clock is off.
    fn clients(&mut self) -> Result<&Clients, ServiceError> {
        if self.has_stale_credentials && self.connection.can_be_renewed() {
            self.clients = self.connection.clients(&self.runtime)?;
        }
        self.has_stale_credentials = false;
        Ok(&self.clients)
    }

    /// Sends a request, and records whether its credentials were refused.
    fn run<T, E>(
        &mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'static,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let response = self.runtime.run(request)?.map_err(service_error);
        self.track_credentials(response)
    }

    fn track_credentials<T>(
        &mut self,
        response: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let refused = response.as_ref().err();
        self.has_stale_credentials |=
            refused.is_some_and(|it| it.kind == ServiceErrorKind::Credentials);
        response
    }
}

impl fmt::Debug for SageMakerService {
    /// Omits the clients: the SDK's own format contains the ID of the access key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SageMakerService").finish_non_exhaustive()
    }
}

type Mutation = Box<dyn Fn(&mut HttpRequest) + Send + Sync>;

/// Returns a mutation that replaces the body of an SDK request by the JSON of `request`. So members
/// that this version of the SDK does not know are sent, too.
fn replace_body(request: &impl Serialize) -> Result<Mutation, ServiceError> {
    let bytes = serde_json::to_vec(request)
        .map_err(|error| ServiceError::new(ServiceErrorKind::Invalid, error.to_string()))?;
    Ok(Box::new(move |http: &mut HttpRequest| {
        http.headers_mut().insert("content-length", bytes.len().to_string());
        *http.body_mut() = bytes.clone().into();
    }))
}

/// Keeps the bytes of a response, for members that this version of the SDK does not know.
#[derive(Debug, Clone, Default)]
struct RawResponse(Arc<Mutex<Vec<u8>>>);

impl RawResponse {
    fn read(&self) -> Result<Value, ServiceError> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).map_err(|error| {
            ServiceError::new(ServiceErrorKind::Unreachable, format!("invalid JSON: {error}"))
        })
    }
}

impl Intercept for RawResponse {
    fn name(&self) -> &'static str {
        "RawResponse"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        Ok(())
    }
}

impl TrainingService for SageMakerService {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        let call = self.clients()?.sagemaker.create_training_job();
        let call = call.customize().mutate_request(replace_body(request)?);
        let response = self.run(call.send())?;
        Ok(response.training_job_arn().unwrap_or_default().to_owned())
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        let raw = RawResponse::default();
        let call = self.clients()?.sagemaker.describe_training_job().training_job_name(name);
        self.run(call.customize().interceptor(raw.clone()).send())?;
        Ok(TrainingJob::from_description(raw.read()?))
    }

    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        let by_name = |operator, name: &str| {
            Filter::builder().name("TrainingJobName").operator(operator).value(name).build()
        };
        let (expression, page) = match filter {
            JobFilter::Names(names) => {
                let names = names.iter().map(|name| by_name(Operator::Equals, name)).collect();
                let expression = SearchExpression::builder().operator(BooleanOperator::Or);
                (expression.set_filters(Some(names)), None)
            }
            JobFilter::NamePrefix { prefix, page } => {
                let expression = SearchExpression::builder();
                (expression.filters(by_name(Operator::Contains, prefix)), page.map(str::to_owned))
            }
        };
        let call = self
            .clients()?
            .sagemaker
            .search()
            .resource(ResourceType::TrainingJob)
            .max_results(PAGE_SIZE);
        let raw = RawResponse::default();
        let call = call.search_expression(expression.build()).set_next_token(page).customize();
        self.run(call.interceptor(raw.clone()).send())?;
        let mut found = raw.read()?;
        let results = found["Results"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let jobs = results
            .into_iter()
            .map(|mut result| TrainingJob::from_description(result["TrainingJob"].take()));
        // The service matches the text anywhere in a name.
        let has_prefix = |job: &TrainingJob| match filter {
            JobFilter::Names(_) => true,
            JobFilter::NamePrefix { prefix, .. } => job.name.starts_with(prefix),
        };
        Ok(FoundJobs {
            jobs: jobs.filter(has_prefix).collect(),
            next_page: found["NextToken"].as_str().map(str::to_owned),
        })
    }

    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        let call = self.clients()?.sagemaker.stop_training_job().training_job_name(name);
        self.run(call.send()).map(drop)
    }

    fn reports(
        &mut self,
        job: &TrainingJob,
        source: &TrainingReportSource,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        match source {
            TrainingReportSource::None => Ok(Vec::new()),
            TrainingReportSource::Metrics(name) => {
                let client = self.clients()?.metrics.clone();
                let read = self.metrics.read(&client, &self.runtime, job, name);
                self.track_credentials(read)
            }
            #[cfg(feature = "logs")]
            TrainingReportSource::Logs(pattern) => {
                let client = self.clients()?.logs.clone();
                let read = self.logs.read(&client, &self.runtime, &job.name, pattern);
                self.track_credentials(read)
            }
            #[cfg(not(feature = "logs"))]
            TrainingReportSource::Logs(_) => {
                let text = "reports from logs need the feature `logs` of surmise-sagemaker";
                Err(ServiceError::new(ServiceErrorKind::Invalid, text))
            }
        }
    }

    #[cfg(feature = "logs")]
    fn last_lines(&mut self, job: &str, max_lines: usize) -> Result<Vec<String>, ServiceError> {
        let client = self.clients()?.logs.clone();
        let read = LogReader::last_lines(&client, &self.runtime, job, max_lines);
        self.track_credentials(read)
    }

    fn region(&self) -> Option<String> {
        self.clients.sagemaker.config().region().map(ToString::to_string)
    }
}

impl TuningService for SageMakerService {
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError> {
        let call = self.clients()?.sagemaker.create_hyper_parameter_tuning_job().customize();
        let call = call.mutate_request(replace_body(request)?);
        self.run(call.send()).map(drop)
    }

    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        let raw = RawResponse::default();
        let call = self.clients()?.sagemaker.describe_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name).customize();
        let call = call.interceptor(raw.clone());
        self.run(call.send())?;
        raw.read()
    }

    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        let call = self.clients()?.sagemaker.stop_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name);
        self.run(call.send()).map(drop)
    }

    fn list_training_jobs(
        &mut self,
        name: &str,
        page: Option<&str>,
    ) -> Result<Value, ServiceError> {
        let raw = RawResponse::default();
        let call = self.clients()?.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name).max_results(PAGE_SIZE);
        let call = call.set_next_token(page.map(str::to_owned)).customize();
        let call = call.interceptor(raw.clone());
        self.run(call.send())?;
        raw.read()
    }
}
