//! The background thread that runs the SDK, and the conversion of its errors.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::mpsc::sync_channel;
use std::thread;

use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::evaluator::service_error::{ServiceError, ServiceErrorKind};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread with a runtime for the SDK, so that synchronous and asynchronous programs can call it.
#[derive(Debug)]
pub(super) struct BackgroundRuntime(UnboundedSender<Task>);

impl BackgroundRuntime {
    #[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (sender, mut receiver) = unbounded_channel::<Task>();
        let work = async move {
            while let Some(task) = receiver.recv().await {
                tokio::spawn(task);
            }
        };
        thread::Builder::new()
            .name("surmise SageMaker".to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(Self(sender))
    }

    /// Runs a future on the thread, and blocks until it has completed.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let lost =
            || ServiceError::new(ServiceErrorKind::Unreachable, "the SDK's thread has ended");
        let (sender, receiver) = sync_channel(1);
        let task = Box::pin(async move {
            // The caller blocks on the receiver, so it exists.
            let _ = sender.send(work.await);
        });
        self.0.send(task).map_err(|_| lost())?;
        receiver.recv().map_err(|_| lost())
    }
}

/// Converts an error of the SDK.
pub(super) fn service_error<E>(error: SdkError<E, HttpResponse>) -> ServiceError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match &error {
        SdkError::ServiceError(context) => {
            let (code, message) = (context.err().code(), context.err().message());
            let message = message.unwrap_or("no message");
            match code {
                // A server error is an outage, regardless of its code.
                Some(code) if status >= 500 => {
                    let text = format!("HTTP status {status}, {code}: {message}");
                    ServiceError::new(ServiceErrorKind::Unreachable, text)
                }
                Some(code) => ServiceError::from_code(code, message),
                None => {
                    let text = format!("HTTP status {status}");
                    ServiceError::new(ServiceErrorKind::Unreachable, text)
                }
            }
        }
        _ if status == 429 => ServiceError::new(ServiceErrorKind::Throttled, "HTTP status 429"),
        _ => {
            let text = chain(&error);
            // The SDK loads the credentials before it sends a request.
            let lacks_credentials = text.to_ascii_lowercase().contains("credentials");
            let kind = match &error {
                _ if lacks_credentials => ServiceErrorKind::Credentials,
                SdkError::ConstructionFailure(_) => ServiceErrorKind::Invalid,
                _ => ServiceErrorKind::Unreachable,
            };
            ServiceError::new(kind, text)
        }
    }
}

/// Joins the messages of an error and of its sources.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
