//! The fake's HTTP: JSON 1.1 as SageMaker and CloudWatch speak it, and the one path of the metrics service.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::account::{Account, Call, Reply};

/// A thread that listens.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// The line is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("nothing is answered")]
struct Cut;

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
        // Whoever hangs up while being greeted is no reason to stop.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let account = Arc::clone(&account);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &account));
            let server = hyper::server::conn::http1::Builder::new();
            // An error is a line that was cut, by one side or the other.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    account: &Mutex<Account>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let header = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    // Of JSON 1.1 the header names the operation, of REST the path.
    let target = header("x-amz-target").unwrap_or_default();
    let operation = match target.rsplit_once('.') {
        Some((_, operation)) => operation.to_owned(),
        None => request.uri().path().trim_start_matches('/').to_owned(),
    };
    let authorization = header("authorization");
    let session_token = header("x-amz-security-token");
    let bytes = request.into_body().collect().await.map_err(|_| Cut)?.to_bytes();
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() => json!({}),
        Err(error) => {
            return Ok(response(
                400,
                &json!({"__type": "SerializationException",
                "Message": error.to_string()}),
                Some("SerializationException"),
            ));
        }
    };
    let call = Call { operation, body, authorization, session_token };
    let reply = account.lock().unwrap_or_else(PoisonError::into_inner).handle(&call);
    match reply {
        Reply::Answer(body) => Ok(response(200, &body, None)),
        Reply::Error { status, code, message } => {
            Ok(response(status, &json!({"__type": code, "Message": message}), Some(&code)))
        }
        Reply::Nothing => Err(Cut),
    }
}

fn response(status: u16, body: &Value, code: Option<&str>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    if let Ok(kind) = "application/x-amz-json-1.1".parse() {
        headers.insert("content-type", kind);
    }
    if let Some(Ok(code)) = code.map(str::parse) {
        headers.insert("x-amzn-errortype", code);
    }
    response
}
