//! The side door, driven as another program would: lines in, lines out.

#![allow(clippy::disallowed_methods, reason = "a test keeps the time")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Door {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Door {
    fn open(arguments: &[&str]) -> Self {
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

    /// An error that names what is wrong.
    fn refused(&mut self, line: &str, names: &str) {
        let reply = self.send(line);
        let error = reply["error"].as_str().unwrap_or_else(|| panic!("{line} gave {reply}"));
        assert!(error.contains(names), "{line} gave {error:?}, which does not name {names:?}");
    }

    /// Ends the input; the status with which the program ends.
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

/// Proposals of a whole run of 60, in batches of 4, every seventh of which fails.
fn run(arguments: &[&str], seed: u64) -> Vec<String> {
    let mut door = Door::open(arguments);
    assert_eq!(door.send(&init(seed)), json!({"ok": true}));
    let mut proposals = Vec::new();
    while proposals.len() < 60 {
        for config in door.ask(4) {
            let failed = proposals.len() % 7 == 3;
            proposals.push(config.to_string());
            let value = if failed { Value::Null } else { json!(value(&config)) };
            let tell = json!({"op": "tell", "config": config, "value": value});
            assert_eq!(door.send(&tell.to_string()), json!({"ok": true}));
        }
    }
    assert_eq!(door.close(), 0);
    proposals
}

#[test]
fn sixty_evaluations_with_failures_do_not_repeat_and_can_be_repeated() {
    for strategy in ["bayesian", "random", "sobol"] {
        let proposals = run(&["--strategy", strategy], 3);
        assert_eq!(proposals.iter().collect::<HashSet<_>>().len(), 60, "{strategy}");
        assert_eq!(run(&["--strategy", strategy], 3), proposals, "{strategy}");
        assert_ne!(run(&["--strategy", strategy], 4), proposals, "{strategy}");
    }
    assert_eq!(run(&[], 3), run(&["--strategy=bayesian"], 3), "bayesian is the default");
}

#[test]
fn bad_requests_are_answered_and_the_program_goes_on() {
    let mut door = Door::open(&[]);
    let init_with = |space: &str| format!(r#"{{"op":"init","space":{space}}}"#);
    door.refused("nonsense", "not JSON");
    door.refused("", "not JSON");
    door.refused("[]", "op");
    door.refused(r#"{"op":"dance"}"#, "dance");
    door.refused(r#"{"op":"ask"}"#, "before init");
    door.refused(r#"{"op":"tell","config":{},"value":1}"#, "before init");
    door.refused(r#"{"op":"init"}"#, "space");
    door.refused(&init_with("[]"), "space");
    door.refused(&init_with(r#"[{"name":"a","type":"float","lo":0,"hi":1,"scale":"log"}]"#), "`a`");
    door.refused(
        &init_with(r#"[{"name":"a","type":"float","lo":0,"hi":1,"scale":"lin"}]"#),
        "scale",
    );
    door.refused(&init_with(r#"[{"name":"a","type":"float","hi":1}]"#), "space[0].lo");
    door.refused(&init_with(r#"[{"name":"a","type":"int","lo":0.5,"hi":1}]"#), "space[0].lo");
    door.refused(&init_with(r#"[{"name":"a","type":"cat"}]"#), "space[0].choices");
    door.refused(
        &init_with(r#"[{"name":"a","type":"cat","choices":["x"],"lo":1}]"#),
        "space[0].lo",
    );
    door.refused(
        r#"{"op":"init","space":[{"name":"a","type":"int","lo":0,"hi":1}],"budget":0}"#,
        "budget",
    );
    // Everything at once.
    let broken = r#"{"op":"init","parallel":0,"space":[{"name":"a","type":"int","lo":0},
        {"name":"","type":"int","lo":0,"hi":1},{"name":"b","type":"float","lo":1,"hi":0},
        {"name":"b","type":"int","lo":0,"hi":1}]}"#
        .replace('\n', "");
    for name in
        ["space[0].hi", "space[1].name", "`b` is 1.0 to 0.0", "`b` is there twice", "parallel"]
    {
        door.refused(&broken, name);
    }
    assert_eq!(door.send(&init(1)), json!({"ok": true}));
    door.refused(r#"{"op":"ask","op":"ask"}"#, "duplicate field `op`");
    door.refused(r#"{"op":"tell","config":{"lr":null},"value":1}"#, "config.lr");
    door.refused(r#"{"op":"tell","config":{"lr":0.1,"lr":0.2},"value":1}"#, "`lr` is there twice");
    let config = door.ask(1).remove(0);
    let mut outside = config.clone();
    outside["n"] = json!(65);
    door.refused(&json!({"op": "tell", "config": outside, "value": 1}).to_string(), "`n`");
    let mut partial = config.clone();
    partial.as_object_mut().unwrap().remove("opt");
    door.refused(&json!({"op": "tell", "config": partial, "value": 1}).to_string(), "`opt`");
    door.refused(&json!({"op": "tell", "config": config, "value": "low"}).to_string(), "value");
    door.refused(&json!({"op": "tell", "config": config}).to_string(), "value");
    door.refused(r#"{"op":"ask","n":0}"#, "n");
    door.refused(r#"{"op":"ask","n":"two"}"#, "n");
    assert_eq!(
        door.send(&json!({"op": "tell", "config": config, "value": "nan"}).to_string()),
        json!({"ok": true})
    );
    assert_eq!(door.close(), 0);
}

#[test]
fn outside_observations_count_and_a_finite_space_ends() {
    let mut door = Door::open(&[]);
    let space = r#"{"op":"init","space":[{"name":"n","type":"int","lo":1,"hi":5}]}"#;
    assert_eq!(door.send(space), json!({"ok": true}));
    let outside = r#"{"op":"tell","config":{"n":3},"value":0.5}"#;
    assert_eq!(door.send(outside), json!({"ok": true}));
    let mut found: Vec<i64> = door.ask(10).iter().map(|c| c["n"].as_i64().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 2, 4, 5]);
    assert_eq!(door.send(r#"{"op":"ask","n":1}"#), json!({"configs": [], "ids": []}));
    assert_eq!(door.close(), 0);
}

/// A tell ends the pending trial it belongs to, also from a client that rounds: the run is the library's own.
#[test]
fn a_conversation_is_the_same_search_as_a_study() {
    for rounded in [false, true] {
        let space = r#"{"op":"init","seed":9,"space":[{"name":"x","type":"float","lo":0,"hi":1},
            {"name":"n","type":"int","lo":1,"hi":9}]}"#
            .replace('\n', "");
        let mut door = Door::open(&[]);
        assert_eq!(door.send(&space), json!({"ok": true}));
        let space = surmise::SearchSpace::new([
            surmise::ParameterRange::continuous("x", 0.0..=1.0, surmise::ScalingType::Auto),
            surmise::ParameterRange::integer("n", 1..=9, surmise::ScalingType::Auto),
        ]);
        let settings = surmise::StudySettings { seed: 9, ..Default::default() };
        let objective = surmise::Objective::minimize("value");
        let strategy = surmise::BayesianOptimization::default();
        let mut study = surmise::Study::new(space.unwrap(), objective, strategy, settings).unwrap();
        for _ in 0..8 {
            let configs = door.ask(2);
            let surmise::Asked::Trials(trials) = study.ask(2).unwrap() else {
                panic!("two trials")
            };
            for (mut config, trial) in configs.into_iter().zip(trials) {
                assert_eq!(config, serde_json::to_value(&trial.configuration).unwrap());
                let loss = (config["x"].as_f64().unwrap() - 0.3).powi(2);
                if rounded {
                    let digits = format!("{:.9}", config["x"].as_f64().unwrap());
                    config["x"] = json!(digits.parse::<f64>().unwrap());
                }
                let tell = json!({"op": "tell", "config": config, "value": loss});
                assert_eq!(door.send(&tell.to_string()), json!({"ok": true}));
                study.tell(trial.id, surmise::Outcome::from(loss)).unwrap();
            }
        }
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    let status = Command::new(env!("CARGO_BIN_EXE_surmise"))
        .arg("ask-tell")
        .arg("--strategy=psychic")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

const TWO: &str = r#"{"op":"init","seed":5,"space":[{"name":"x","type":"float","lo":0,"hi":0.1},{"name":"k","type":"cat","choices":[8,true,null,"a"]}]}"#;

#[test]
fn a_trial_is_told_by_its_id_once() {
    let mut door = Door::open(&[]);
    assert_eq!(door.send(TWO), json!({"ok": true}));
    let asked = door.send(r#"{"op":"ask","n":3}"#);
    assert_eq!(asked["ids"], json!([1, 2, 3]));
    for choice in asked["configs"].as_array().unwrap() {
        assert!(
            [json!(8), json!(true), json!(null), json!("a")].contains(&choice["k"]),
            "{choice}"
        );
    }
    let pending = door.send(r#"{"op":"pending"}"#);
    assert_eq!(pending, asked);
    for _ in 0..2 {
        assert_eq!(door.send(r#"{"op":"tell","id":2,"value":0.5}"#), json!({"ok": true}));
    }
    door.refused(
        r#"{"op":"tell","id":2,"value":0.6}"#,
        "trial 2 has ended with 0.5, and that counts",
    );
    door.refused(r#"{"op":"tell","id":9,"value":0.6}"#, "there is no trial 9");
    door.refused(r#"{"op":"tell","id":0,"value":0.6}"#, "there is no trial 0");
    door.refused(r#"{"op":"tell","value":0.6}"#, "give one of them");
    let other = json!({"op": "tell", "id": 1, "config": asked["configs"][2], "value": 1});
    door.refused(&other.to_string(), "config: trial 1 is");
    // By its configuration twice: one observation.
    let tell = json!({"op": "tell", "config": asked["configs"][0], "value": 0.25}).to_string();
    for _ in 0..2 {
        assert_eq!(door.send(&tell), json!({"ok": true}));
    }
    let best = door.send(r#"{"op":"best"}"#);
    assert_eq!(best, json!({"best": {"id": 1, "config": asked["configs"][0], "value": 0.25}}));
    assert_eq!(door.send(r#"{"op":"ask"}"#)["ids"], json!([4]), "nothing was told twice");
    // In single precision it is still the same, with and without the id.
    let single = |config: &Value| {
        #[allow(clippy::cast_possible_truncation, reason = "single precision is meant")]
        let x = f64::from(config["x"].as_f64().unwrap() as f32);
        json!({"x": x, "k": config["k"]})
    };
    let first = single(&asked["configs"][0]);
    let again = json!({"op": "tell", "config": first, "value": 0.25}).to_string();
    assert_eq!(door.send(&again), json!({"ok": true}));
    let third = json!({"op": "tell", "id": 3, "config": single(&asked["configs"][2]), "value": 9});
    assert_eq!(door.send(&third.to_string()), json!({"ok": true}));
    assert_eq!(door.send(r#"{"op":"ask"}"#)["ids"], json!([5]), "nothing was told twice");
    // An end of a range in single precision.
    let single = json!({"op": "tell", "config": {"x": f64::from(0.1_f32), "k": 8}, "value": 3});
    assert_eq!(door.send(&single.to_string()), json!({"ok": true}));
    assert_eq!(door.close(), 0);
}

#[test]
fn a_request_with_a_key_is_carried_out_once() {
    let mut door = Door::open(&[]);
    let init = TWO.replace("\"init\",", "\"init\",\"key\":\"begin\",");
    assert_eq!(door.send(&init), json!({"ok": true}));
    let first = door.send(r#"{"op":"ask","key":7}"#);
    assert_eq!(door.send(r#"{"op":"ask","key":7}"#), first);
    assert_eq!(door.send(&init), json!({"ok": true}), "and begins nothing anew");
    assert_eq!(door.send(r#"{"op":"ask","key":8}"#)["ids"], json!([2]));
    door.refused(r#"{"op":"ask","n":2,"key":7}"#, "that of another request");
    door.refused(r#"{"op":"ask","key":[7]}"#, "neither text nor a number");
    for id in [3, 4] {
        assert_eq!(door.send(r#"{"op":"ask","key":null}"#)["ids"], json!([id]), "null is no key");
    }
    // A report without a value can be sent again, and a step be as large as a number can.
    for _ in 0..2 {
        let diverged = r#"{"op":"report","id":2,"step":1,"value":null}"#;
        assert_eq!(door.send(diverged), json!({"stop": false}));
    }
    for step in [u64::MAX, 1, u64::MAX] {
        let report = json!({"op": "report", "id": 1, "step": step, "value": 5}).to_string();
        assert_eq!(door.send(&report), json!({"stop": false}));
    }
    assert_eq!(door.close(), 0);
}

#[test]
fn goals_reports_and_help() {
    let mut door = Door::open(&[]);
    let init = r#"{"op":"init","goal":"maximize","early_stopping":{"min_resource":1,"max_resource":9},"space":[{"name":"x","type":"float","lo":0.01,"hi":1,"digits":1},{"name":"y","type":"float","lo":0,"hi":1,"step":0.25}]}"#;
    assert_eq!(door.send(init), json!({"ok": true}));
    assert_eq!(door.send(r#"{"op":"best"}"#), json!({"best": null}));
    let mut stopped = 0;
    for id in 1..=12 {
        let config = door.ask(1).remove(0);
        let steps = [config["x"].as_f64().unwrap() * 100.0, config["y"].as_f64().unwrap() * 4.0];
        assert!(steps.iter().all(|it| (it - it.round()).abs() < 1e-9), "{config}");
        for step in [1, 3, 9] {
            let report = json!({"op": "report", "id": id, "step": step, "value": -id}).to_string();
            let verdict = door.send(&report);
            assert_eq!(door.send(&report), verdict, "sent again");
            if verdict["stop"] == json!(true) {
                stopped += usize::from(step < 9);
                assert!(verdict["why"].as_str().is_some_and(|why| !why.is_empty()), "{verdict}");
                break;
            }
        }
        assert_eq!(
            door.send(&json!({"op": "tell", "id": id, "value": -id}).to_string()),
            json!({"ok": true})
        );
    }
    assert!(stopped >= 4, "{stopped} of 12");
    assert_eq!(door.send(r#"{"op":"best"}"#)["best"]["value"], json!(-1.0));
    door.refused(r#"{"op":"report","id":1,"step":1,"value":0}"#, "1");
    door.refused(r#"{"op":"tell","id":12,"value":NaN}"#, "send null for an evaluation that failed");
    door.refused(r#"{"op":"init","goal":"win","space":[]}"#, "goal");
    door.refused(r#"{"op":"init","early_stopping":"mean","space":[]}"#, "early_stopping");
    assert!(door.send(r#"{"op":"help"}"#)["help"].as_array().unwrap().len() > 8);
    assert_eq!(door.close(), 0);
}

#[test]
fn nine_hundred_combinations_of_choices_answer_in_a_second() {
    let mut door = Door::open(&[]);
    let choices: Vec<u32> = (0..30).collect();
    let range = |name: &str| json!({"name": name, "type": "cat", "choices": choices});
    assert_eq!(
        door.send(&json!({"op": "init", "space": [range("a"), range("b")]}).to_string()),
        json!({"ok": true})
    );
    for id in 1..=100 {
        let config = door.ask(1).remove(0);
        let number = |name: &str| config[name].as_f64().unwrap();
        let value = (number("a") - 12.0).abs() + (number("b") - 21.0).abs();
        door.send(&json!({"op": "tell", "id": id, "value": value}).to_string());
    }
    let shortest = (0..3).map(|_| {
        let begun = std::time::Instant::now();
        door.ask(1);
        begun.elapsed()
    });
    let shortest = shortest.min().unwrap();
    assert!(shortest.as_secs_f64() < 1.0, "{shortest:?}");
    assert_eq!(door.close(), 0);
}
