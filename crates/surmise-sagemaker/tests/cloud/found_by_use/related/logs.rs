//! Logs of several pages.

use super::*;

// --- CloudWatch by a server of our own ---

#[derive(Default)]
struct Logs {
    streams: Vec<String>,
    /// Pages of a stream.
    pages: BTreeMap<String, Vec<Vec<String>>>,
    /// Tokens given before this generation are refused.
    generation: u32,
}

#[allow(clippy::disallowed_methods, reason = "a server has a thread")]
#[allow(clippy::too_many_lines, reason = "two operations over one line")]
fn logs_server(logs: Arc<Mutex<Logs>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut text = Vec::new();
            let mut buffer = [0_u8; 65536];
            let (head, body) = loop {
                let read = stream.read(&mut buffer).unwrap_or(0);
                if read == 0 {
                    break (String::new(), Vec::new());
                }
                text.extend_from_slice(&buffer[..read]);
                let Some(end) = text.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |it| it.trim().parse::<usize>().unwrap());
                if text.len() >= end + 4 + length {
                    break (head, text[end + 4..end + 4 + length].to_vec());
                }
            };
            let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let logs = logs.lock().unwrap();
            let (status, answer) = if head.contains("describelogstreams") {
                let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
                let names: Vec<Value> = logs
                    .streams
                    .iter()
                    .filter(|it| it.starts_with(prefix))
                    .map(|it| json!({"logStreamName": it}))
                    .collect();
                (200, json!({"logStreams": names}))
            } else {
                let name = body["logStreamName"].as_str().unwrap_or_default();
                let pages = logs.pages.get(name).cloned().unwrap_or_default();
                let from = match body["nextToken"].as_str() {
                    None => Some(0),
                    Some(token) => {
                        let (generation, page) = token.split_once('/').unwrap();
                        let is_valid = generation.parse::<u32>().unwrap() >= logs.generation;
                        is_valid.then(|| page.parse::<usize>().unwrap())
                    }
                };
                match from {
                    None => (
                        400,
                        json!({"__type": "InvalidParameterException", "message": "The specified nextToken is invalid."}),
                    ),
                    Some(from) => {
                        let events: Vec<Value> = pages
                            .get(from)
                            .into_iter()
                            .flatten()
                            .map(
                                |line| json!({"timestamp": 1_700_000_000_000_u64, "message": line}),
                            )
                            .collect();
                        let next = (from + 1).min(pages.len());
                        (
                            200,
                            json!({"events": events, "nextForwardToken": format!("{}/{next}", logs.generation)}),
                        )
                    }
                }
            };
            let answer = answer.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    url
}

fn log_service(url: &str) -> SageMakerService {
    Connection::new()
        .region("us-west-2")
        .endpoint(url)
        .access_key(ACCESS_KEY, SECRET_KEY, None)
        .open()
        .unwrap()
}

fn read(service: &mut SageMakerService) -> Vec<(f64, usize)> {
    let pattern = MetricPattern::new(r"loss:(\S+)").unwrap();
    let job = TrainingJob::new("job", "InProgress", "Training");
    let reports = service.reports(&job, &TrainingReports::Logs(pattern)).unwrap();
    reports.iter().map(|it| (it.value, it.stream)).collect()
}

fn pages(range: std::ops::Range<usize>) -> Vec<Vec<String>> {
    range.map(|it| vec![format!("loss:{it}")]).collect()
}

#[test]
fn after_a_token_has_expired_nothing_of_a_long_log_is_told_twice() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    let mut all = Vec::new();
    for _ in 0..5 {
        all.extend(read(&mut service));
    }
    assert_eq!(all.len(), 50);
    logs.lock().unwrap().generation = 1;
    for _ in 0..6 {
        all.extend(read(&mut service));
    }
    assert_eq!(all.len(), 50, "told again: {:?}", &all[50..]);
}

#[test]
fn an_empty_page_is_no_end() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    let mut three = pages(0..3);
    three[1].clear();
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), three)].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    // A job that has ended is read once.
    assert_eq!(read(&mut service).len(), 2);
}

#[test]
fn a_data_log_is_no_restart() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    let (main, data) = ("job/algo-1-1700000000", "job/algo-1-1700000000/data-log");
    logs.lock().unwrap().streams = vec![main.to_owned(), data.to_owned()];
    logs.lock().unwrap().pages =
        [(main.to_owned(), pages(0..3)), (data.to_owned(), vec![vec!["x".to_owned()]])].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    let all = read(&mut service);
    assert!(all.iter().all(|(_, stream)| *stream == 0), "{all:?}");
}

#[test]
fn the_end_of_a_long_log_is_read_at_the_end() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    assert_eq!(read(&mut service).len(), 50);
}
