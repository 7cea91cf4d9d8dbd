//! `surmise ask-tell`, driven by a client over standard input and output.

#![allow(clippy::disallowed_methods, reason = "a test measures time")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_surmise"))
            .arg("ask-tell")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn send(&mut self, line: &str) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        let mut reply = String::new();
        self.output.read_line(&mut reply).unwrap();
        serde_json::from_str(&reply).unwrap()
    }

    fn ask(&mut self, n: usize) -> Vec<Value> {
        let reply = self.send(&json!({"op": "ask", "n": n}).to_string());
        reply["configs"].as_array().unwrap_or_else(|| panic!("{reply}")).clone()
    }

    /// Sends an invalid request, and checks that the error contains a text.
    fn assert_error(&mut self, line: &str, expected: &str) {
        let reply = self.send(line);
        let error = reply["error"].as_str().unwrap_or_else(|| panic!("{line} gave {reply}"));
        assert!(error.contains(expected), "{line} gave {error:?} without {expected:?}");
    }

    /// Ends the input, and returns the exit status.
    fn close(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

fn init(seed: u64) -> String {
    json!({
        "op": "init",
        "space": [
            {"name": "lr", "type": "float", "lo": 1e-6, "hi": 1.0, "scale": "log"},
            {"name": "keep", "type": "float", "lo": 0.0, "hi": 0.999, "scale": "reverse_log"},
            {"name": "n", "type": "int", "lo": 1, "hi": 64, "scale": "linear"},
            {"name": "width", "type": "int", "lo": 1, "hi": 4096, "scale": "auto"},
            {"name": "opt", "type": "cat", "choices": ["a", "b", "c"]},
        ],
        "seed": seed, "parallel": 4, "budget": 60,
    })
    .to_string()
}

fn value(config: &Value) -> f64 {
    let number = |name: &str| config[name].as_f64().unwrap();
    let handicap = if config["opt"] == "b" { 0.0 } else { 0.3 };
    (number("lr").log10() + 3.0).powi(2) + (number("n") / 64.0 - 0.3).powi(2) + handicap
}

/// Returns the proposals of a run of 60 trials in batches of 4; every seventh trial fails.
fn run(arguments: &[&str], seed: u64) -> Vec<String> {
    let mut client = Client::start(arguments);
    assert_eq!(client.send(&init(seed)), json!({"ok": true}));
    let mut proposals = Vec::new();
    while proposals.len() < 60 {
        for config in client.ask(4) {
            let has_failed = proposals.len() % 7 == 3;
            proposals.push(config.to_string());
            let value = if has_failed { Value::Null } else { json!(value(&config)) };
            let tell = json!({"op": "tell", "config": config, "value": value});
            assert_eq!(client.send(&tell.to_string()), json!({"ok": true}));
        }
    }
    assert_eq!(client.close(), 0);
    proposals
}

#[test]
fn proposals_are_distinct_and_reproducible() {
    for strategy in ["bayesian", "random", "sobol"] {
        let proposals = run(&["--strategy", strategy], 3);
        assert_eq!(proposals.iter().collect::<HashSet<_>>().len(), 60, "{strategy}");
        assert_eq!(run(&["--strategy", strategy], 3), proposals, "{strategy}");
        assert_ne!(run(&["--strategy", strategy], 4), proposals, "{strategy}");
    }
    assert_eq!(run(&[], 3), run(&["--strategy=bayesian"], 3), "bayesian is the default");
}

#[test]
fn invalid_requests_get_errors_and_do_not_end_the_program() {
    let mut client = Client::start(&[]);
    let init_with = |space: &str| format!(r#"{{"op":"init","space":{space}}}"#);
    client.assert_error("nonsense", "not JSON");
    client.assert_error("", "not JSON");
    client.assert_error("[]", "op");
    client.assert_error(r#"{"op":"dance"}"#, "dance");
    client.assert_error(r#"{"op":"ask"}"#, "before init");
    client.assert_error(r#"{"op":"tell","config":{},"value":1}"#, "before init");
    client.assert_error(r#"{"op":"init"}"#, "space");
    client.assert_error(&init_with("[]"), "space");
    client.assert_error(
        &init_with(r#"[{"name":"a","type":"float","lo":0,"hi":1,"scale":"log"}]"#),
        "`a`",
    );
    client.assert_error(
        &init_with(r#"[{"name":"a","type":"float","lo":0,"hi":1,"scale":"lin"}]"#),
        "scale",
    );
    client.assert_error(&init_with(r#"[{"name":"a","type":"float","hi":1}]"#), "space[0].lo");
    client
        .assert_error(&init_with(r#"[{"name":"a","type":"int","lo":0.5,"hi":1}]"#), "space[0].lo");
    client.assert_error(&init_with(r#"[{"name":"a","type":"cat"}]"#), "space[0].choices");
    client.assert_error(
        &init_with(r#"[{"name":"a","type":"cat","choices":["x"],"lo":1}]"#),
        "space[0].lo",
    );
    client.assert_error(
        r#"{"op":"init","space":[{"name":"a","type":"int","lo":0,"hi":1}],"budget":0}"#,
        "budget",
    );
    // One reply contains all errors of a request.
    let broken = r#"{"op":"init","parallel":0,"space":[{"name":"a","type":"int","lo":0},
        {"name":"","type":"int","lo":0,"hi":1},{"name":"b","type":"float","lo":1,"hi":0},
        {"name":"b","type":"int","lo":0,"hi":1}]}"#
        .replace('\n', "");
    for name in
        ["space[0].hi", "space[1].name", "`b` is 1.0 to 0.0", "`b` is used twice", "parallel"]
    {
        client.assert_error(&broken, name);
    }
    assert_eq!(client.close(), 0);
}

#[test]
fn invalid_results_get_errors_and_do_not_end_the_program() {
    let mut client = Client::start(&[]);
    assert_eq!(client.send(&init(1)), json!({"ok": true}));
    client.assert_error(r#"{"op":"ask","op":"ask"}"#, "duplicate field `op`");
    client.assert_error(r#"{"op":"tell","config":{"lr":null},"value":1}"#, "config.lr");
    client.assert_error(
        r#"{"op":"tell","config":{"lr":0.1,"lr":0.2},"value":1}"#,
        "`lr` is given twice",
    );
    let config = client.ask(1).remove(0);
    let mut outside = config.clone();
    outside["n"] = json!(65);
    client.assert_error(&json!({"op": "tell", "config": outside, "value": 1}).to_string(), "`n`");
    let mut partial = config.clone();
    partial.as_object_mut().unwrap().remove("opt");
    client.assert_error(&json!({"op": "tell", "config": partial, "value": 1}).to_string(), "`opt`");
    client.assert_error(
        &json!({"op": "tell", "config": config, "value": "low"}).to_string(),
        "value",
    );
    client.assert_error(&json!({"op": "tell", "config": config}).to_string(), "value");
    client.assert_error(r#"{"op":"ask","n":0}"#, "n");
    client.assert_error(r#"{"op":"ask","n":"two"}"#, "n");
    assert_eq!(
        client.send(&json!({"op": "tell", "config": config, "value": "nan"}).to_string()),
        json!({"ok": true})
    );
    assert_eq!(client.close(), 0);
}

#[test]
fn external_observations_count_and_a_finite_space_is_exhausted() {
    let mut client = Client::start(&[]);
    let space = r#"{"op":"init","space":[{"name":"n","type":"int","lo":1,"hi":5}]}"#;
    assert_eq!(client.send(space), json!({"ok": true}));
    let outside = r#"{"op":"tell","config":{"n":3},"value":0.5}"#;
    assert_eq!(client.send(outside), json!({"ok": true}));
    let mut proposed: Vec<i64> = client.ask(10).iter().map(|c| c["n"].as_i64().unwrap()).collect();
    proposed.sort_unstable();
    assert_eq!(proposed, [1, 2, 4, 5]);
    assert_eq!(client.send(r#"{"op":"ask","n":1}"#), json!({"configs": [], "ids": []}));
    assert_eq!(client.close(), 0);
}

/// A result is assigned to its pending trial even if the client rounds the configuration.
#[test]
fn a_client_gets_the_proposals_of_a_study() {
    for rounds in [false, true] {
        let space = r#"{"op":"init","seed":9,"space":[{"name":"x","type":"float","lo":0,"hi":1},
            {"name":"n","type":"int","lo":1,"hi":9}]}"#
            .replace('\n', "");
        let mut client = Client::start(&[]);
        assert_eq!(client.send(&space), json!({"ok": true}));
        let space = surmise::SearchSpace::new([
            surmise::ParameterRange::continuous("x", 0.0..=1.0, surmise::ScalingType::Auto),
            surmise::ParameterRange::integer("n", 1..=9, surmise::ScalingType::Auto),
        ]);
        let settings = surmise::StudySettings { seed: 9, ..Default::default() };
        let objective = surmise::Objective::minimize("value");
        let strategy = surmise::BayesianOptimization::default();
        let mut study = surmise::Study::new(space.unwrap(), objective, strategy, settings).unwrap();
        for _ in 0..8 {
            let configs = client.ask(2);
            let surmise::AskOutcome::Trials(trials) = study.ask(2).unwrap() else {
                panic!("two trials")
            };
            for (mut config, trial) in configs.into_iter().zip(trials) {
                assert_eq!(config, serde_json::to_value(&trial.configuration).unwrap());
                let loss = (config["x"].as_f64().unwrap() - 0.3).powi(2);
                if rounds {
                    let digits = format!("{:.9}", config["x"].as_f64().unwrap());
                    config["x"] = json!(digits.parse::<f64>().unwrap());
                }
                let tell = json!({"op": "tell", "config": config, "value": loss});
                assert_eq!(client.send(&tell.to_string()), json!({"ok": true}));
                study.tell(trial.id, surmise::Outcome::from(loss)).unwrap();
            }
        }
    }
}

#[test]
fn an_unknown_strategy_is_an_error() {
    let status = Command::new(env!("CARGO_BIN_EXE_surmise"))
        .arg("ask-tell")
        .arg("--strategy=psychic")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

const TWO_PARAMETERS: &str = concat!(
    r#"{"op":"init","seed":5,"space":[{"name":"x","type":"float","lo":0,"hi":0.1},"#,
    r#"{"name":"k","type":"cat","choices":[8,true,null,"a"]}]}"#,
);

#[test]
fn a_trial_has_one_result() {
    let mut client = Client::start(&[]);
    assert_eq!(client.send(TWO_PARAMETERS), json!({"ok": true}));
    let asked = client.send(r#"{"op":"ask","n":3}"#);
    assert_eq!(asked["ids"], json!([1, 2, 3]));
    for choice in asked["configs"].as_array().unwrap() {
        assert!(
            [json!(8), json!(true), json!(null), json!("a")].contains(&choice["k"]),
            "{choice}"
        );
    }
    let pending = client.send(r#"{"op":"pending"}"#);
    assert_eq!(pending, asked);
    for _ in 0..2 {
        assert_eq!(client.send(r#"{"op":"tell","id":2,"value":0.5}"#), json!({"ok": true}));
    }
    client.assert_error(
        r#"{"op":"tell","id":2,"value":0.6}"#,
        "trial 2 has already ended with 0.5; that result counts",
    );
    client.assert_error(r#"{"op":"tell","id":9,"value":0.6}"#, "there is no trial 9");
    client.assert_error(r#"{"op":"tell","id":0,"value":0.6}"#, "there is no trial 0");
    client.assert_error(r#"{"op":"tell","value":0.6}"#, "give one of them");
    let mismatch = json!({"op": "tell", "id": 1, "config": asked["configs"][2], "value": 1});
    client.assert_error(&mismatch.to_string(), "config: trial 1 is");
    // A result that is told twice by its configuration counts once.
    let tell = json!({"op": "tell", "config": asked["configs"][0], "value": 0.25}).to_string();
    for _ in 0..2 {
        assert_eq!(client.send(&tell), json!({"ok": true}));
    }
    let best = client.send(r#"{"op":"best"}"#);
    assert_eq!(best, json!({"best": {"id": 1, "config": asked["configs"][0], "value": 0.25}}));
    assert_eq!(client.send(r#"{"op":"ask"}"#)["ids"], json!([4]), "nothing was told twice");
    // A configuration in single precision is recognized, with and without the id.
    let single = |config: &Value| {
        #[allow(clippy::cast_possible_truncation, reason = "single precision is meant")]
        let x = f64::from(config["x"].as_f64().unwrap() as f32);
        json!({"x": x, "k": config["k"]})
    };
    let first = single(&asked["configs"][0]);
    let again = json!({"op": "tell", "config": first, "value": 0.25}).to_string();
    assert_eq!(client.send(&again), json!({"ok": true}));
    let third = json!({"op": "tell", "id": 3, "config": single(&asked["configs"][2]), "value": 9});
    assert_eq!(client.send(&third.to_string()), json!({"ok": true}));
    assert_eq!(client.send(r#"{"op":"ask"}"#)["ids"], json!([5]), "nothing was told twice");
    // A bound in single precision may lie slightly outside of the range.
    let single = json!({"op": "tell", "config": {"x": f64::from(0.1_f32), "k": 8}, "value": 3});
    assert_eq!(client.send(&single.to_string()), json!({"ok": true}));
    assert_eq!(client.close(), 0);
}

#[test]
fn a_request_with_a_key_is_executed_once() {
    let mut client = Client::start(&[]);
    let init = TWO_PARAMETERS.replace("\"init\",", "\"init\",\"key\":\"begin\",");
    assert_eq!(client.send(&init), json!({"ok": true}));
    let first = client.send(r#"{"op":"ask","key":7}"#);
    assert_eq!(client.send(r#"{"op":"ask","key":7}"#), first);
    assert_eq!(client.send(&init), json!({"ok": true}), "the study is not replaced");
    assert_eq!(client.send(r#"{"op":"ask","key":8}"#)["ids"], json!([2]));
    client.assert_error(r#"{"op":"ask","n":2,"key":7}"#, "belongs to another request");
    client.assert_error(r#"{"op":"ask","key":[7]}"#, "neither text nor a number");
    for id in [3, 4] {
        assert_eq!(client.send(r#"{"op":"ask","key":null}"#)["ids"], json!([id]), "null is no key");
    }
    // A report without a value can be repeated, and a step may be the largest integer.
    for _ in 0..2 {
        let diverged = r#"{"op":"report","id":2,"step":1,"value":null}"#;
        assert_eq!(client.send(diverged), json!({"stop": false}));
    }
    for step in [u64::MAX, 1, u64::MAX] {
        let report = json!({"op": "report", "id": 1, "step": step, "value": 5}).to_string();
        assert_eq!(client.send(&report), json!({"stop": false}));
    }
    assert_eq!(client.close(), 0);
}

#[test]
fn a_client_that_says_whether_values_are_noisy_may_ask_for_a_recommendation() {
    let mut client = Client::start(&[]);
    let init = |noisy: &str| {
        format!(r#"{{"op":"init","space":[{{"name":"n","type":"int","lo":1,"hi":9}}]{noisy}}}"#)
    };
    assert_eq!(client.send(&init("")), json!({"ok": true}), "older clients see no new member");
    client.assert_error(&init(r#","noisy":"very""#), "noisy");
    let told = client.send(&init(r#","noisy":true"#));
    assert_eq!(told, json!({"ok": true, "recommends": true}));
    assert_eq!(client.send(r#"{"op":"recommend"}"#), json!({"recommended": null}));
    for value in [0.5, 0.25, 0.75] {
        let config = client.ask(1).remove(0);
        let tell = json!({"op": "tell", "config": config, "value": value});
        assert_eq!(client.send(&tell.to_string()), json!({"ok": true}));
    }
    let best = client.send(r#"{"op":"best"}"#)["best"]["config"].clone();
    let recommended = client.send(r#"{"op":"recommend"}"#)["recommended"].clone();
    assert!(best["n"].is_i64() && recommended["n"].is_i64(), "{recommended}");
    assert_eq!(client.close(), 0);
}

#[test]
fn maximization_early_stopping_and_help_work() {
    let mut client = Client::start(&[]);
    let init = concat!(
        r#"{"op":"init","goal":"maximize","early_stopping":{"min_resource":1,"max_resource":9},"#,
        r#""space":[{"name":"x","type":"float","lo":0.01,"hi":1,"digits":1},"#,
        r#"{"name":"y","type":"float","lo":0,"hi":1,"step":0.25}]}"#,
    );
    assert_eq!(client.send(init), json!({"ok": true}));
    assert_eq!(client.send(r#"{"op":"best"}"#), json!({"best": null}));
    let mut stopped = 0;
    for id in 1..=12 {
        let config = client.ask(1).remove(0);
        let steps = [config["x"].as_f64().unwrap() * 100.0, config["y"].as_f64().unwrap() * 4.0];
        assert!(steps.iter().all(|steps| (steps - steps.round()).abs() < 1e-9), "{config}");
        for step in [1, 3, 9] {
            let report = json!({"op": "report", "id": id, "step": step, "value": -id}).to_string();
            let verdict = client.send(&report);
            assert_eq!(client.send(&report), verdict, "sent again");
            if verdict["stop"] == json!(true) {
                stopped += usize::from(step < 9);
                assert!(verdict["why"].as_str().is_some_and(|why| !why.is_empty()), "{verdict}");
                break;
            }
        }
        assert_eq!(
            client.send(&json!({"op": "tell", "id": id, "value": -id}).to_string()),
            json!({"ok": true})
        );
    }
    assert!(stopped >= 4, "{stopped} of 12");
    assert_eq!(client.send(r#"{"op":"best"}"#)["best"]["value"], json!(-1.0));
    client.assert_error(r#"{"op":"report","id":1,"step":1,"value":0}"#, "1");
    client.assert_error(
        r#"{"op":"tell","id":12,"value":NaN}"#,
        "send null for an evaluation that failed",
    );
    client.assert_error(r#"{"op":"init","goal":"win","space":[]}"#, "goal");
    client.assert_error(r#"{"op":"init","early_stopping":"mean","space":[]}"#, "early_stopping");
    assert!(client.send(r#"{"op":"help"}"#)["help"].as_array().unwrap().len() > 8);
    assert_eq!(client.close(), 0);
}

#[test]
fn proposals_for_900_combinations_take_less_than_a_second() {
    let mut client = Client::start(&[]);
    let choices: Vec<u32> = (0..30).collect();
    let range = |name: &str| json!({"name": name, "type": "cat", "choices": choices});
    assert_eq!(
        client.send(&json!({"op": "init", "space": [range("a"), range("b")]}).to_string()),
        json!({"ok": true})
    );
    for id in 1..=100 {
        let config = client.ask(1).remove(0);
        let number = |name: &str| config[name].as_f64().unwrap();
        let value = (number("a") - 12.0).abs() + (number("b") - 21.0).abs();
        client.send(&json!({"op": "tell", "id": id, "value": value}).to_string());
    }
    let shortest = (0..3).map(|_| {
        let start = std::time::Instant::now();
        client.ask(1);
        start.elapsed()
    });
    let shortest = shortest.min().unwrap();
    assert!(shortest.as_secs_f64() < 1.0, "{shortest:?}");
    assert_eq!(client.close(), 0);
}
