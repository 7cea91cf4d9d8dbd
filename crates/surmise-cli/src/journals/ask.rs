//! `surmise ask`: prints the next trial of a study, for shell scripts and schedulers.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use surmise::journal::Journal;
use surmise::trial::Source;
use surmise::{AskOutcome, Error, Study};

use super::file::{journal_file, open_journal, open_study};
use crate::display::pluralize;
use crate::output::{CommandError, InvalidInput, exit_code, print_line, print_to_stderr};
use crate::study::StudyOptions;

/// Help text that follows the options.
pub(crate) const ASK_HELP: &str = "\
Prints the trial as one line of JSON: {\"trial\": 1, \"configuration\": {\"lr\": 0.01}}.
Record its result with `surmise tell NAME 1 0.25`.
Any number of processes may run `ask` and `tell` on one study at the same time.

Exit status: 0 a trial was printed; 2 the command line cannot be read; 3 the journal cannot be \
used; 5 as many trials are running as --parallel allows; 6 there are no more trials.";

/// Interval between two attempts with `--wait`.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
const FULL_STATUS: u8 = 5;
const NO_MORE_TRIALS_STATUS: u8 = 6;

#[derive(Debug, Args)]
pub(crate) struct AskOptions {
    /// The name of the study, or its journal file. The study is created if it does not exist and
    /// ranges and a metric are given.
    name: String,
    #[command(flatten)]
    study: StudyOptions,
    /// Wait until fewer trials are running than --parallel allows.
    #[arg(long)]
    wait: bool,
}

/// The answer to one request for a trial.
enum Answer {
    /// The trial as JSON.
    Trial(String),
    /// No trial can be started now, for this reason.
    Full(String),
    /// No trial can be started any more, for this reason.
    NoMoreTrials(String),
}

pub(crate) fn ask(options: &AskOptions) -> ExitCode {
    exit_code(try_ask(options))
}

fn try_ask(options: &AskOptions) -> Result<ExitCode, CommandError> {
    loop {
        match ask_once(options)? {
            Answer::Trial(text) => {
                print_line(text)?;
                return Ok(ExitCode::SUCCESS);
            }
            Answer::NoMoreTrials(why) => {
                print_to_stderr(why);
                return Ok(ExitCode::from(NO_MORE_TRIALS_STATUS));
            }
            Answer::Full(why) if !options.wait => {
                print_to_stderr(why);
                return Ok(ExitCode::from(FULL_STATUS));
            }
            // The journal is not locked during the sleep.
            Answer::Full(_) => std::thread::sleep(RETRY_INTERVAL),
        }
    }
}

fn ask_once(options: &AskOptions) -> Result<Answer, CommandError> {
    let path = journal_file(&options.name);
    let (mut study, mut journal) = if options.study.is_empty() {
        if options.study.has_settings() {
            let why = "settings such as --jobs need the ranges and the metric of the study: \
                       repeat its --set options and --minimize or --maximize";
            return Err(InvalidInput(why.to_owned()).into());
        }
        open_journal(&path, |path| Ok(Journal::open(path)?))?
    } else {
        open_study(&path, &options.study, || options.study.base())?
    };
    let answer = next_trial(&mut study)?;
    journal.write(&study)?;
    Ok(answer)
}

fn next_trial(study: &mut Study) -> Result<Answer, Error> {
    let limits = study.settings().limits;
    let jobs = study.trials().iter().filter(|trial| trial.source == Source::Study);
    let jobs = jobs.filter(|trial| !trial.needs_rerun()).count();
    if let Some(max_jobs) = limits.max_jobs.filter(|max_jobs| jobs >= *max_jobs) {
        let max_jobs = pluralize(max_jobs, "job");
        let why = format!("no more trials: {jobs} of {max_jobs} have been started");
        return Ok(Answer::NoMoreTrials(why));
    }
    let running: Vec<String> = study.pending().map(|trial| trial.id.to_string()).collect();
    if running.len() >= limits.max_parallel_jobs {
        let (count, running) = (pluralize(running.len(), "trial"), running.join(", "));
        let why = format!(
            "{count} running ({running}), as many as --parallel allows; record a result with \
             `surmise tell`, or a lost trial with `surmise tell --failed REASON`"
        );
        return Ok(Answer::Full(why));
    }
    Ok(match study.ask(1)? {
        AskOutcome::Trials(trials) => match trials.first() {
            Some(trial) => Answer::Trial(
                json!({"trial": trial.id, "configuration": trial.configuration}).to_string(),
            ),
            None => Answer::Full("no trial can be proposed yet".to_owned()),
        },
        AskOutcome::Wait => {
            Answer::Full("the next trial waits for results of earlier ones".to_owned())
        }
        AskOutcome::Exhausted => {
            Answer::NoMoreTrials("every configuration has been tried".to_owned())
        }
    })
}
