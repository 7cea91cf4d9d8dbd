//! Randomly mutated requests of ask-tell, sent to a session in this process.
//!
//! `SURMISE_CASES=1000000 cargo test -p surmise-cli --test suite fuzz` runs more cases.

use surmise::ask_tell::{Reply, Session};
use surmise::rng::Rng;
use surmise::{RandomSearch, Strategy};

#[allow(clippy::disallowed_methods, reason = "the environment sets the number of cases")]
fn case_count() -> u64 {
    std::env::var("SURMISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

const LINES: [&str; 10] = [
    concat!(
        r#"{"op":"init","seed":5,"space":[{"name":"x","type":"float","lo":1e-4,"hi":1,"#,
        r#""scale":"log"},{"name":"n","type":"int","lo":1,"hi":5},"#,
        r#"{"name":"k","type":"cat","choices":[8,true,null,"a"]}]}"#,
    ),
    r#"{"op":"ask","n":2}"#,
    r#"{"op":"tell","id":1,"value":0.5}"#,
    r#"{"op":"report","id":2,"step":1,"value":0.25}"#,
    r#"{"op":"tell","config":{"x":0.5,"n":3,"k":"a"},"value":"nan"}"#,
    r#"{"op":"tell","id":2,"value":-1e300,"key":"a"}"#,
    r#"{"op":"best"}"#,
    r#"{"op":"pending"}"#,
    r#"{"op":"help"}"#,
    r#"{"op":"ask","key":"b"}"#,
];
const PIECES: [&str; 16] = [
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.1",
    "\"nan\"",
    "[]",
    "{}",
    "true",
    "\"\"",
    "\"x\"",
    ",",
    ":",
    "\"op\":\"ask\",",
    "\\u0000",
    "é",
];

fn mutate(line: &str, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = line.as_bytes().to_vec();
    for _ in 0..rng.index(4) {
        let at = rng.index(bytes.len() + 1);
        match rng.index(5) {
            0 => drop(bytes.drain(at..(at + rng.index(6)).min(bytes.len()))),
            1 => drop(bytes.splice(at..at, PIECES[rng.index(PIECES.len())].bytes())),
            2 if at < bytes.len() => bytes[at] ^= 1 << rng.index(8),
            // Replaces the text up to the next delimiter.
            3 => {
                let end = bytes[at..].iter().position(|byte| b",}]".contains(byte));
                let end = end.map_or(bytes.len(), |end| at + end);
                drop(bytes.splice(at..end, PIECES[rng.index(PIECES.len())].bytes()));
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[test]
fn each_request_gets_a_reply_and_an_error_changes_nothing() {
    let (mut errors, mut answers) = (0, 0);
    for case in 0..case_count() {
        let mut rng = Rng::stream(case, 12);
        let mut session = Session::new(|_| -> Box<dyn Strategy> { Box::new(RandomSearch) });
        session.answer(LINES[0].as_bytes());
        for _ in 0..12 {
            let before =
                (session.answer(br#"{"op":"pending"}"#), session.answer(br#"{"op":"best"}"#));
            let line = mutate(LINES[rng.index(LINES.len())], &mut rng);
            let reply = session.answer(&line);
            serde_json::to_string(&reply).unwrap();
            if matches!(reply, Reply::Error { .. }) {
                errors += 1;
                let after =
                    (session.answer(br#"{"op":"pending"}"#), session.answer(br#"{"op":"best"}"#));
                assert_eq!(after, before, "{}", String::from_utf8_lossy(&line));
            } else {
                answers += 1;
            }
        }
    }
    assert!(errors > answers / 10 && answers > errors / 10, "{errors} errors, {answers} answers");
}
