//! The door to AWS's SDK for Rust: signs and sends what is asked of SageMaker, and reads what comes back.

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

use super::background::{Background, trouble};
#[cfg(feature = "logs")]
use super::logs::LogReader;
use super::metrics::MetricReader;
use crate::evaluator::description::TrainingJob;
use crate::evaluator::service::{
    FoundJobs, JobFilter, TrainingReport, TrainingReports, TrainingService,
};
use crate::evaluator::trouble::{ServiceError, ServiceErrorKind};
use crate::evaluator::tuning_job::TuningService;
use crate::request::{CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest};

/// How long a request may take, and how long it may take to be connected.
const REQUEST: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// Answers of one page; the service allows as many.
const PAGE: i32 = 100;

/// How SageMaker is reached. What is not said comes from the environment, as for every program of AWS: variables, `~/.aws`, single sign-on, the
/// role of the machine.
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
    /// As the environment says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same to this region.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// The same with this profile of `~/.aws/config`.
    #[must_use]
    pub fn profile(self, profile: impl Into<String>) -> Self {
        Self { profile: Some(profile.into()), ..self }
    }

    /// The same to this address instead of AWS's, such as that of a fake.
    #[must_use]
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        Self { endpoint: Some(url.into()), ..self }
    }

    /// The same with this access key instead of those that the environment gives.
    #[must_use]
    pub fn access_key(self, id: &str, secret: &str, session_token: Option<String>) -> Self {
        let credentials = Credentials::new(id, secret, session_token, None, "given");
        Self { credentials: Some(credentials), ..self }
    }

    /// Makes ready to ask; nothing is sent yet.
    ///
    /// # Errors
    /// If no region is known, or there can be no threads.
    pub fn open(self) -> Result<SageMakerService, ServiceError> {
        let runtime = Background::start()
            .map_err(|error| ServiceError::new(ServiceErrorKind::Invalid, error.to_string()))?;
        let clients = self.clients(&runtime)?;
        Ok(SageMakerService {
            clients,
            #[cfg(feature = "logs")]
            logs: LogReader::default(),
            metrics: MetricReader::default(),
            connection: self,
            is_stale: false,
            runtime,
        })
    }

    /// Whether credentials can change: those that were given cannot.
    fn can_be_renewed(&self) -> bool {
        self.credentials.is_none()
    }

    /// Looks for region and credentials, as they are now.
    fn clients(&self, runtime: &Background) -> Result<Clients, ServiceError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(
            TimeoutConfig::builder().operation_timeout(REQUEST).connect_timeout(CONNECT).build(),
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
            let text = "no region is known; name one, as by the variable AWS_REGION";
            return Err(ServiceError::new(ServiceErrorKind::Invalid, text));
        }
        // Who waits and who asks again is decided in one place, which is not here. What finds credentials keeps its retries.
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

/// SageMaker, by AWS's SDK for Rust. Feature `sagemaker`.
///
/// Each request is signed, sent and answered within 15 seconds; a call is one request, except for reports and logs, which may take some pages. The SDK's own retries are off, because the evaluator paces and
/// repeats requests itself. It can be called from anywhere, from within an asynchronous program too, whose thread it then holds up.
///
/// ```no_run
/// use surmise_sagemaker::SageMakerEvaluator;
/// use surmise_sagemaker::evaluator::Connection;
/// use surmise_sagemaker::Document;
/// use surmise::Tuner;
///
/// let document = Document::read(&std::fs::read("tuning_job.json")?)?;
/// let tuning = document.tuning()?;
/// let service = Connection::new().region("us-west-2").open()?;
/// let mut jobs = SageMakerEvaluator::new(&document.request()?, service)?;
/// let rules = jobs.rules(tuning.rules.clone());
/// let mut study = tuning.study()?;
/// Tuner::with(rules).run(&mut study, &mut jobs)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SageMakerService {
    clients: Clients,
    #[cfg(feature = "logs")]
    logs: LogReader,
    metrics: MetricReader,
    connection: Connection,
    /// Whether the credentials that the clients know were refused.
    is_stale: bool,
    runtime: Background,
}

/// Clients keep the credentials that they have found in files, whatever is in these later.
struct Clients {
    sagemaker: Client,
    metrics: aws_sdk_sagemakermetrics::Client,
    #[cfg(feature = "logs")]
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl SageMakerService {
    /// The clients, made anew if their credentials were refused: somebody may have renewed them. They stay if a signature was refused,
    /// because each of them has learnt from the refusal how far this machine's clock is off.
    fn clients(&mut self) -> Result<&Clients, ServiceError> {
        if self.is_stale && self.connection.can_be_renewed() {
            self.clients = self.connection.clients(&self.runtime)?;
        }
        self.is_stale = false;
        Ok(&self.clients)
    }

    /// Runs a request, and notes whether its credentials were refused.
    fn run<T, E>(
        &mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'static,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let answer = self.runtime.run(request)?.map_err(trouble);
        self.noted(answer)
    }

    fn noted<T>(&mut self, answer: Result<T, ServiceError>) -> Result<T, ServiceError> {
        let refused = answer.as_ref().err();
        self.is_stale |= refused.is_some_and(|it| it.kind == ServiceErrorKind::Credentials);
        answer
    }
}

impl fmt::Debug for SageMakerService {
    /// Nothing of the SDK's own, which tells the name of the access key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SageMakerService").finish_non_exhaustive()
    }
}

type Mutation = Box<dyn Fn(&mut HttpRequest) + Send + Sync>;

/// Puts a body of our own into a request that the SDK signs and sends: what a request of ours says is written in one place, and what this
/// version of the SDK does not know of it is not lost.
fn body(request: &impl Serialize) -> Result<Mutation, ServiceError> {
    let bytes = serde_json::to_vec(request)
        .map_err(|error| ServiceError::new(ServiceErrorKind::Invalid, error.to_string()))?;
    Ok(Box::new(move |http: &mut HttpRequest| {
        http.headers_mut().insert("content-length", bytes.len().to_string());
        *http.body_mut() = bytes.clone().into();
    }))
}

/// Keeps what came back as it was, for members that this version of the SDK does not know.
#[derive(Debug, Clone, Default)]
struct Reply(Arc<Mutex<Vec<u8>>>);

impl Reply {
    fn read(&self) -> Result<Value, ServiceError> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).map_err(|error| {
            ServiceError::new(ServiceErrorKind::Unreachable, format!("a garbled reply: {error}"))
        })
    }
}

impl Intercept for Reply {
    fn name(&self) -> &'static str {
        "Reply"
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
        let call = call.customize().mutate_request(body(request)?);
        let answer = self.run(call.send())?;
        Ok(answer.training_job_arn().unwrap_or_default().to_owned())
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        let reply = Reply::default();
        let call = self.clients()?.sagemaker.describe_training_job().training_job_name(name);
        self.run(call.customize().interceptor(reply.clone()).send())?;
        Ok(TrainingJob::from_description(reply.read()?))
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
            JobFilter::Begins { with, page } => {
                let expression = SearchExpression::builder();
                (expression.filters(by_name(Operator::Contains, with)), page.map(str::to_owned))
            }
        };
        let call = self
            .clients()?
            .sagemaker
            .search()
            .resource(ResourceType::TrainingJob)
            .max_results(PAGE);
        let reply = Reply::default();
        let call = call.search_expression(expression.build()).set_next_token(page).customize();
        self.run(call.interceptor(reply.clone()).send())?;
        let mut found = reply.read()?;
        let results = found["Results"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let jobs = results
            .into_iter()
            .map(|mut result| TrainingJob::from_description(result["TrainingJob"].take()));
        let begins = |job: &TrainingJob| match filter {
            JobFilter::Names(_) => true,
            JobFilter::Begins { with, .. } => job.name.starts_with(with),
        };
        Ok(FoundJobs {
            jobs: jobs.filter(begins).collect(),
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
        source: &TrainingReports,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        match source {
            TrainingReports::None => Ok(Vec::new()),
            TrainingReports::Metrics(name) => {
                let client = self.clients()?.metrics.clone();
                let read = self.metrics.read(&client, &self.runtime, job, name);
                self.noted(read)
            }
            #[cfg(feature = "logs")]
            TrainingReports::Logs(pattern) => {
                let client = self.clients()?.logs.clone();
                let read = self.logs.read(&client, &self.runtime, &job.name, pattern);
                self.noted(read)
            }
            #[cfg(not(feature = "logs"))]
            TrainingReports::Logs(_) => {
                let text = "reports from logs need the feature logs of the crate surmise-sagemaker";
                Err(ServiceError::new(ServiceErrorKind::Invalid, text))
            }
        }
    }

    #[cfg(feature = "logs")]
    fn last_lines(&mut self, job: &str, most: usize) -> Result<Vec<String>, ServiceError> {
        let client = self.clients()?.logs.clone();
        let read = LogReader::last_lines(&client, &self.runtime, job, most);
        self.noted(read)
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
        let call = call.mutate_request(body(request)?);
        self.run(call.send()).map(drop)
    }

    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        let reply = Reply::default();
        let call = self.clients()?.sagemaker.describe_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name).customize();
        let call = call.interceptor(reply.clone());
        self.run(call.send())?;
        reply.read()
    }

    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        let call = self.clients()?.sagemaker.stop_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name);
        self.run(call.send()).map(drop)
    }

    fn training_jobs_of(&mut self, name: &str, page: Option<&str>) -> Result<Value, ServiceError> {
        let reply = Reply::default();
        let call = self.clients()?.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job();
        let call = call.hyper_parameter_tuning_job_name(name).max_results(PAGE);
        let call = call.set_next_token(page.map(str::to_owned)).customize();
        let call = call.interceptor(reply.clone());
        self.run(call.send())?;
        reply.read()
    }
}
