//! The fake's HTTP server: JSON 1.1, the protocol of SageMaker and CloudWatch, and REST.
//!
//! REST is only for the metrics service, which has one path.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::account::Account;
use super::reply::{Call, Reply};
use super::search;

/// An HTTP server on its own thread; it stops when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// Closes the connection without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without a reply")]
struct Disconnect;

impl Server {
    #[allow(clippy::disallowed_methods, reason = "a server has a thread")]
    pub(super) fn start(port: u16, account: Arc<Mutex<Account>>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("fake SageMaker".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(serve(listener, account));
                let _ = ended.await;
            });
        })?;
        Ok(Self { address, end: Some(end), thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, account: Arc<Mutex<Account>>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        // A client that disconnects during the handshake must not stop the server.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let account = Arc::clone(&account);
        tokio::spawn(async move {
            let service = service_fn(|request| respond(request, &account));
            let server = hyper::server::conn::http1::Builder::new();
            // An error is a closed connection, which the fake may have intended.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    account: &Mutex<Account>,
) -> Result<Response<Full<Bytes>>, Disconnect> {
    let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    // JSON 1.1 has the operation in a header, REST in the path.
    let target = header("x-amz-target").unwrap_or_default();
    let operation = match target.rsplit_once('.') {
        Some((_, operation)) => operation.to_owned(),
        None => request.uri().path().trim_start_matches('/').to_owned(),
    };
    let authorization = header("authorization");
    let skew = account.lock().unwrap_or_else(PoisonError::into_inner).faults.clock_skew;
    let now = seconds_since_1970() + skew as f64;
    let signed = header("x-amz-date").and_then(|date| parse_signature_time(&date));
    let age = signed.map(|signed| now - signed);
    let session_token = header("x-amz-security-token");
    let bytes = request.into_body().collect().await.map_err(|_| Disconnect)?.to_bytes();
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => json!({}),
        Err(error) => {
            let code = "SerializationException";
            let body = json!({"__type": code, "Message": error.to_string()});
            return Ok(response((400, now), &body, Some(code)));
        }
    };
    let call = Call { operation, body, authorization, age, session_token };
    let reply = account.lock().unwrap_or_else(PoisonError::into_inner).handle(&call);
    match reply {
        Reply::Success(body) => Ok(response((200, now), &body, None)),
        Reply::Error { status, code, message } => {
            let body = json!({"__type": code, "Message": message});
            Ok(response((status, now), &body, Some(&code)))
        }
        Reply::Nothing => Err(Disconnect),
    }
}

/// Returns the seconds since 1970 by this machine's clock.
#[allow(clippy::disallowed_methods, reason = "requests are signed by this machine's clock")]
fn seconds_since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Converts the time of a signature, such as `20261129T192115Z`, to seconds since 1970.
fn parse_signature_time(text: &str) -> Option<f64> {
    let parts = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(|range| text.get(range));
    let [year, month, day, hours, minutes, seconds] = parts;
    let (date, time) = ((year?, month?, day?), (hours?, minutes?, seconds?));
    search::unix_seconds(&format!(
        "{}-{}-{}T{}:{}:{}",
        date.0, date.1, date.2, time.0, time.1, time.2
    ))
}

/// Creates a response with this status at a time in seconds since 1970.
fn response((status, now): (u16, f64), body: &Value, code: Option<&str>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    if let Ok(kind) = "application/x-amz-json-1.1".parse() {
        headers.insert("content-type", kind);
    }
    let since = Duration::try_from_secs_f64(now).unwrap_or_default();
    if let Ok(date) = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since).parse() {
        headers.insert("date", date);
    }
    if let Some(Ok(code)) = code.map(str::parse) {
        headers.insert("x-amzn-errortype", code);
    }
    response
}
