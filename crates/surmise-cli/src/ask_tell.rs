//! `surmise ask-tell`: a conversation over standard input and output.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use surmise::ask_tell::Session;
use surmise::{BayesianOptimization, RandomSearch, SobolSearch, Strategy};

use crate::output::ended;

/// What stands below the options.
pub(crate) const HELP: &str = r#"Every request is a line of JSON on standard input, and has a line in reply on standard output:

{"op":"help"}
{"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log"}],"seed":3}
{"op":"ask","n":1}                   {"configs":[{"lr":0.001}],"ids":[1]}
{"op":"tell","id":1,"value":0.31}    {"ok":true}
{"op":"best"}

A request that is refused is answered by {"error":…}, and the conversation goes on. Exit status: 0 the input has ended."#;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What proposes configurations.
    #[arg(long, value_enum, default_value_t = Named::Bayesian)]
    strategy: Named,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Named {
    Bayesian,
    Random,
    Sobol,
}

impl Named {
    /// Makes one for each new study.
    fn maker(self) -> fn() -> Box<dyn Strategy> {
        match self {
            Self::Bayesian => || Box::new(BayesianOptimization::default()),
            Self::Random => || Box::new(RandomSearch),
            Self::Sobol => || Box::new(SobolSearch),
        }
    }
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let mut session = Session::new(options.strategy.maker());
    let done = match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), &mut session) {
        // Whoever closes our output has heard enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    };
    ended(done)
}

/// Answers every line until the input ends.
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
