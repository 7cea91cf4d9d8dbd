//! `surmise ask-tell`: requests and replies in JSON lines, over standard input and output.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use surmise::ask_tell::{Init, Session};
use surmise::strategy::{Noise, Recipe};
use surmise::{BayesianOptimization, RandomSearch, SobolSearch, Strategy};

use crate::output::exit_code;

/// Help text that follows the options.
pub(crate) const HELP: &str = r#"Each request is one line of JSON on standard input.
Each reply is one line of JSON on standard output:

{"op":"help"}
{"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log"}],"seed":3}
{"op":"ask","n":1}                   {"configs":[{"lr":0.001}],"ids":[1]}
{"op":"tell","id":1,"value":0.31}    {"ok":true}
{"op":"best"}

An invalid request gets the reply {"error":…} and changes nothing. {"op":"help"} lists all requests.
Exit status: 0 the input has ended."#;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The strategy that proposes configurations.
    #[arg(long, value_enum, default_value_t = StrategyName::Bayesian)]
    strategy: StrategyName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StrategyName {
    Bayesian,
    Random,
    Sobol,
}

impl StrategyName {
    /// Returns the function that creates the strategy of each new study.
    fn constructor(self) -> fn(&Init) -> Box<dyn Strategy> {
        match self {
            Self::Bayesian => |init| {
                let noise = match init.noisy {
                    None => Noise::Unknown,
                    Some(false) => Noise::Absent,
                    Some(true) => Noise::Present,
                };
                let recipe = Recipe::default().with_noise(noise);
                Box::new(BayesianOptimization::default().with_recipe(recipe))
            },
            Self::Random => |_| Box::new(RandomSearch),
            Self::Sobol => |_| Box::new(SobolSearch),
        }
    }
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let mut session = Session::new(options.strategy.constructor());
    let result = match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), &mut session) {
        // A client that closes the pipe needs no more replies.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    };
    exit_code(result)
}

/// Answers each line of the input until it ends.
fn serve(input: &mut dyn BufRead, output: &mut dyn Write, session: &mut Session) -> io::Result<()> {
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
