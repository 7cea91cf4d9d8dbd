//! The side door: a program in any language drives the engine over standard input and output, one JSON object a line.
//!
//!     cargo run --example ask_tell [-- --strategy random|sobol|bayesian]
//!
//! ```text
//! {"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log"},
//!                       {"name":"n","type":"int","lo":1,"hi":64,"scale":"linear"},
//!                       {"name":"opt","type":"cat","choices":["a","b"]}],
//!  "seed":3,"parallel":4,"budget":60}                              → {"ok":true}
//! {"op":"ask","n":2}                                               → {"configs":[{"lr":0.001,"n":7,"opt":"a"}, …]}
//! {"op":"tell","config":{"lr":0.001,"n":7,"opt":"a"},"value":0.31} → {"ok":true}
//! ```
//!
//! Every request is one line and gets one line in reply. Values are minimized. A value of null (or "nan") says that the
//! evaluation failed. A configuration that is pending is told by its values; any other is taken as an observation from
//! outside. A bad request is answered by {"error": …} and changes nothing. Another "init" starts anew.

#![allow(clippy::print_stderr, reason = "a program talks")]

mod protocol;

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
