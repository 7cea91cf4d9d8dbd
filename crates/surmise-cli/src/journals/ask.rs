//! `surmise ask`: the next trial of a study, for shell scripts and schedulers.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use surmise::journal::Journal;
use surmise::trial::Source;
use surmise::{Asked, Error, Study};

use super::file::{journal_file, open};
use crate::output::{Failure, Unreadable, ended, say};
use crate::study::{NewStudy, StudyOptions, shown};

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

/// What there is for whoever asks.
enum Answer {
    Trial(String),
    /// As many trials run as may.
    Full,
    /// There are no more.
    Over,
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
            Answer::Over => return Ok(ExitCode::from(OVER)),
            Answer::Full if !options.wait => return Ok(ExitCode::from(FULL)),
            // The journal is free meanwhile.
            Answer::Full => std::thread::sleep(LOOK),
        }
    }
}

fn ask_once(options: &AskOptions) -> Result<Answer, Failure> {
    let path = journal_file(&options.name);
    let (mut study, mut journal) = if options.study.is_empty() {
        open(&path, |path| Journal::open(path))?
    } else {
        let space = options.study.space().map_err(|faulty| Unreadable(shown(&faulty)))?;
        let objective = options.study.objective().ok_or_else(|| {
            Unreadable("no metric is named: name it by --minimize or --maximize".to_owned())
        })?;
        let new = options.study.study_over(space, objective);
        let NewStudy { study, start_from } = new.map_err(|faulty| Unreadable(shown(&faulty)))?;
        let again = study.settings().to_owned();
        let make = || {
            let (space, objective) = (study.space().clone(), study.objective().clone());
            Study::new(space, objective, options.study.strategy(), again)
        };
        let (mut opened, mut journal) = open(&path, |path| Journal::resume(path, make()?))?;
        if opened.events().is_empty() {
            start_from.iter().try_for_each(|start| opened.enqueue(start))?;
            journal.write(&opened)?;
        }
        (opened, journal)
    };
    let answer = next(&mut study)?;
    journal.write(&study)?;
    Ok(answer)
}

fn next(study: &mut Study) -> Result<Answer, Error> {
    let limits = study.settings().limits;
    let own = || study.trials().iter().filter(|trial| trial.source == Source::Own);
    let jobs = own().filter(|trial| !trial.was_cut_off()).count();
    if limits.max_jobs.is_some_and(|most| jobs >= most) {
        return Ok(Answer::Over);
    }
    if study.pending().count() >= limits.max_parallel_jobs {
        return Ok(Answer::Full);
    }
    Ok(match study.ask(1)? {
        Asked::Trials(trials) => match trials.first() {
            Some(trial) => Answer::Trial(
                json!({"trial": trial.id, "configuration": trial.configuration}).to_string(),
            ),
            None => Answer::Full,
        },
        Asked::Wait => Answer::Full,
        Asked::Exhausted => Answer::Over,
    })
}
