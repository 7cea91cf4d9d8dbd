//! The side door: a program in any language drives the engine over standard input and output, one JSON object a line.
//!
//!     cargo run --example ask_tell [-- --strategy random|sobol|bayesian]
//!
//! ```text
//! {"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log","digits":2},
//!                       {"name":"n","type":"int","lo":8,"hi":64,"step":8},
//!                       {"name":"opt","type":"cat","choices":["a",8,true,null]}],
//!  "goal":"minimize","seed":3,"parallel":4,"budget":60}            → {"ok":true}
//! {"op":"ask","n":2}                                               → {"configs":[{"lr":0.001,"n":8,"opt":"a"}, …],"ids":[1,2]}
//! {"op":"report","id":1,"step":1,"value":0.9}                      → {"stop":false}
//! {"op":"tell","id":1,"value":0.31}                                → {"ok":true}
//! {"op":"best"}                                                    → {"best":{"id":1,"config":{…},"value":0.31}}
//! {"op":"help"}                                                    → {"help":["init: …", …]}
//! ```
//!
//! Every request is one line and gets one line in reply. A value of null (or "nan") says that the evaluation failed. A trial is told by its
//! id, or by its configuration (to the digit, or nearly); any other configuration is taken as an observation from outside. A bad request is
//! answered by {"error": …} and changes nothing. Another "init" starts anew.
//!
//! A reply that is lost loses nothing: to tell the same once more changes nothing, "pending" lists what was asked for and has not been told, and
//! a request with a "key" of one's own, sent again, is answered as before. `client.py` beside this file is such a client.

#![allow(clippy::print_stderr, reason = "a program talks")]

mod messages;
mod protocol;
mod space;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use surmise::{BayesianOptimization, RandomSearch, SobolSearch, Strategy};

use protocol::Session;

fn main() -> ExitCode {
    let strategy = match strategy_from(std::env::args().skip(1)) {
        Ok(strategy) => strategy,
        Err(message) => {
            eprintln!("{message}\nusage: ask_tell [--strategy random|sobol|bayesian]");
            return ExitCode::from(2);
        }
    };
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), strategy) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closes our output has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes a strategy for each new study.
type MakeStrategy = fn() -> Box<dyn Strategy>;

fn strategy_from(mut arguments: impl Iterator<Item = String>) -> Result<MakeStrategy, String> {
    let mut chosen: MakeStrategy = || Box::new(BayesianOptimization::default());
    while let Some(argument) = arguments.next() {
        if argument == "--help" || argument == "-h" {
            return Err("talk to it in lines of JSON, beginning with {\"op\":\"help\"}".to_owned());
        }
        let name = match argument.strip_prefix("--strategy") {
            Some("") => arguments.next().ok_or("--strategy needs a name")?,
            Some(rest) if rest.starts_with('=') => rest[1..].to_owned(),
            _ => return Err(format!("unknown argument {argument:?}")),
        };
        chosen = match name.as_str() {
            "bayesian" => || Box::new(BayesianOptimization::default()),
            "random" => || Box::new(RandomSearch),
            "sobol" => || Box::new(SobolSearch),
            other => return Err(format!("unknown strategy {other:?}")),
        };
    }
    Ok(chosen)
}

/// Answers every line until the input ends.
fn serve(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    strategy: MakeStrategy,
) -> io::Result<()> {
    let mut session = Session::new(strategy);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let reply = session.answer(&line);
        serde_json::to_writer(&mut *output, &reply)?;
        output.write_all(b"\n")?;
        output.flush()?;
        line.clear();
    }
    Ok(())
}
