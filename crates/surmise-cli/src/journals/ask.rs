//! `surmise ask`: the next trial of a study, for shell scripts and schedulers.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use surmise::journal::Journal;
use surmise::trial::Source;
use surmise::{Asked, Error, Study};

use super::file::{journal_file, open, open_study};
use crate::display::plural;
use crate::output::{Failure, Unreadable, ended, say, say_aside};
use crate::study::StudyOptions;

/// What stands below the options.
pub(crate) const ASK_HELP: &str = "\
Prints the trial as a line of JSON: {\"trial\": 1, \"configuration\": {\"lr\": 0.01}}. Its result is told by `surmise tell NAME 1 0.25`.
Any number of processes may ask and tell the same study at once.

Exit status: 0 a trial; 2 the command line cannot be read; 3 the journal cannot be used; 5 as many trials run as --parallel allows; 6 there are no more trials.";

/// How often a place is looked for.
const LOOK: Duration = Duration::from_millis(250);
const FULL: u8 = 5;
const OVER: u8 = 6;

#[derive(Debug, Args)]
pub(crate) struct AskOptions {
    /// The study: its name, or its journal's file. It is created if it is not there and ranges and a metric are given.
    name: String,
    #[command(flatten)]
    study: StudyOptions,
    /// Wait until fewer trials run than --parallel allows.
    #[arg(long)]
    wait: bool,
}

/// The answer to `ask`.
enum Answer {
    Trial(String),
    /// As many trials run as may, or none can be proposed yet: why.
    Full(String),
    /// There are no more: why.
    Over(String),
}

pub(crate) fn ask(options: &AskOptions) -> ExitCode {
    ended(try_ask(options))
}

fn try_ask(options: &AskOptions) -> Result<ExitCode, Failure> {
    loop {
        match ask_once(options)? {
            Answer::Trial(text) => {
                say(text)?;
                return Ok(ExitCode::SUCCESS);
            }
            Answer::Over(why) => {
                say_aside(why);
                return Ok(ExitCode::from(OVER));
            }
            Answer::Full(why) if !options.wait => {
                say_aside(why);
                return Ok(ExitCode::from(FULL));
            }
            // The journal is free meanwhile.
            Answer::Full(_) => std::thread::sleep(LOOK),
        }
    }
}

fn ask_once(options: &AskOptions) -> Result<Answer, Failure> {
    let path = journal_file(&options.name);
    let (mut study, mut journal) = if options.study.is_empty() {
        if options.study.has_settings() {
            let why = "options of a study need its ranges and its metric, too: write the whole first line";
            return Err(Unreadable(why.to_owned()).into());
        }
        open(&path, |path| Ok(Journal::open(path)?))?
    } else {
        open_study(&path, &options.study, || options.study.base())?
    };
    let answer = next(&mut study)?;
    journal.write(&study)?;
    Ok(answer)
}

fn next(study: &mut Study) -> Result<Answer, Error> {
    let limits = study.settings().limits;
    let own = || study.trials().iter().filter(|trial| trial.source == Source::Own);
    let jobs = own().filter(|trial| !trial.was_cut_off()).count();
    if let Some(most) = limits.max_jobs.filter(|most| jobs >= *most) {
        let why = format!("no more trials: {jobs} of {} have been handed out", plural(most, "job"));
        return Ok(Answer::Over(why));
    }
    let running: Vec<String> = study.pending().map(|trial| trial.id.to_string()).collect();
    if running.len() >= limits.max_parallel_jobs {
        let (count, running) = (plural(running.len(), "trial"), running.join(", "));
        let why = format!(
            "{count} running ({running}), as many as --parallel allows; report results with `surmise tell`, or --failed REASON for a lost trial"
        );
        return Ok(Answer::Full(why));
    }
    Ok(match study.ask(1)? {
        Asked::Trials(trials) => match trials.first() {
            Some(trial) => Answer::Trial(
                json!({"trial": trial.id, "configuration": trial.configuration}).to_string(),
            ),
            None => Answer::Full("no trial can be proposed yet".to_owned()),
        },
        Asked::Wait => Answer::Full("the next trial waits for results of earlier ones".to_owned()),
        Asked::Exhausted => Answer::Over("every configuration has been tried".to_owned()),
    })
}
