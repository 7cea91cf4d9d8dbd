//! Logs of several pages and streams.

use super::*;

/// The contents of a fake of CloudWatch Logs.
#[derive(Default)]
struct Logs {
    streams: Vec<String>,
    /// The pages of each stream, as lines.
    pages: BTreeMap<String, Vec<Vec<String>>>,
    /// Tokens of earlier generations are refused as expired.
    generation: u32,
}

#[allow(clippy::disallowed_methods, reason = "a server needs a thread")]
fn start_log_server(logs: Arc<Mutex<Logs>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let (headers, body) = read_request(&mut stream);
            let (status, response) = logs.lock().unwrap().respond(&headers, &body);
            let response = response.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{response}",
                response.len()
            );
        }
    });
    url
}

/// Returns a request's headers in lower case, and its body. Both are empty if the client closes the
/// connection early.
fn read_request(stream: &mut std::net::TcpStream) -> (String, Value) {
    let mut text = Vec::new();
    let mut buffer = [0_u8; 65536];
    loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            return (String::new(), Value::Null);
        }
        text.extend_from_slice(&buffer[..count]);
        let Some(end) = text.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let headers = String::from_utf8_lossy(&text[..end]).to_lowercase();
        let length = headers
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |it| it.trim().parse::<usize>().unwrap());
        if text.len() >= end + 4 + length {
            let body = serde_json::from_slice(&text[end + 4..end + 4 + length]);
            return (headers, body.unwrap_or(Value::Null));
        }
    }
}

impl Logs {
    fn respond(&self, headers: &str, body: &Value) -> (u16, Value) {
        if headers.contains("describelogstreams") {
            let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
            let names: Vec<Value> = self
                .streams
                .iter()
                .filter(|it| it.starts_with(prefix))
                .map(|it| json!({"logStreamName": it}))
                .collect();
            return (200, json!({"logStreams": names}));
        }
        let name = body["logStreamName"].as_str().unwrap_or_default();
        let pages = self.pages.get(name).cloned().unwrap_or_default();
        let page = match body["nextToken"].as_str() {
            None => 0,
            Some(token) => {
                let (generation, page) = token.split_once('/').unwrap();
                if generation.parse::<u32>().unwrap() < self.generation {
                    let error = json!({
                        "__type": "InvalidParameterException",
                        "message": "The specified nextToken is invalid."
                    });
                    return (400, error);
                }
                page.parse::<usize>().unwrap()
            }
        };
        let events: Vec<Value> = pages
            .get(page)
            .into_iter()
            .flatten()
            .map(|line| json!({"timestamp": 1_700_000_000_000_u64, "message": line}))
            .collect();
        let next = (page + 1).min(pages.len());
        let token = format!("{}/{next}", self.generation);
        (200, json!({"events": events, "nextForwardToken": token}))
    }
}

fn log_service(url: &str) -> SageMakerService {
    Connection::new()
        .region("us-west-2")
        .endpoint(url)
        .access_key(ACCESS_KEY, SECRET_KEY, None)
        .open()
        .unwrap()
}

fn read_reports(service: &mut SageMakerService) -> Vec<(f64, usize)> {
    let pattern = MetricPattern::new(r"loss:(\S+)").unwrap();
    let job = TrainingJob::new("job", "InProgress", "Training");
    let reports = service.reports(&job, &TrainingReportSource::Logs(pattern)).unwrap();
    reports.iter().map(|it| (it.value, it.stream)).collect()
}

fn pages(range: std::ops::Range<usize>) -> Vec<Vec<String>> {
    range.map(|it| vec![format!("loss:{it}")]).collect()
}

#[test]
fn after_an_expired_token_no_line_of_a_long_log_is_repeated() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&start_log_server(Arc::clone(&logs)));
    let mut all = Vec::new();
    for _ in 0..5 {
        all.extend(read_reports(&mut service));
    }
    assert_eq!(all.len(), 50);
    logs.lock().unwrap().generation = 1;
    for _ in 0..6 {
        all.extend(read_reports(&mut service));
    }
    assert_eq!(all.len(), 50, "repeated: {:?}", &all[50..]);
}

#[test]
fn an_empty_page_does_not_end_a_log() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    let mut three = pages(0..3);
    three[1].clear();
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), three)].into();
    let mut service = log_service(&start_log_server(Arc::clone(&logs)));
    // The log of an ended job is read only once.
    assert_eq!(read_reports(&mut service).len(), 2);
}

#[test]
fn a_data_log_stream_is_no_restart() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    let (main, data) = ("job/algo-1-1700000000", "job/algo-1-1700000000/data-log");
    logs.lock().unwrap().streams = vec![main.to_owned(), data.to_owned()];
    logs.lock().unwrap().pages =
        [(main.to_owned(), pages(0..3)), (data.to_owned(), vec![vec!["x".to_owned()]])].into();
    let mut service = log_service(&start_log_server(Arc::clone(&logs)));
    let all = read_reports(&mut service);
    assert!(all.iter().all(|(_, stream)| *stream == 0), "{all:?}");
}

#[test]
fn a_long_log_is_read_to_its_end() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&start_log_server(Arc::clone(&logs)));
    assert_eq!(read_reports(&mut service).len(), 50);
}
