//! The subcommands that read the journal of a study, or add to it.

mod file;
mod trials;

mod optuna;

mod add;
mod analysis;
mod ask;
mod best;
mod export;
mod import;
mod logs;
mod repair;
mod report;
mod show;
mod stop;
mod why;

pub(crate) use self::add::{EnqueueOptions, TellOptions, enqueue, tell};
pub(crate) use self::ask::{ASK_HELP, AskOptions, ask};
pub(crate) use self::best::{BestOptions, best};
pub(crate) use self::export::{ExportOptions, export};
pub(crate) use self::import::{ImportOptions, import};
pub(crate) use self::logs::{LogsOptions, logs};
pub(crate) use self::repair::{RepairOptions, repair};
pub(crate) use self::report::{ReportOptions, report};
pub(crate) use self::show::{ShowOptions, show};
pub(crate) use self::stop::{StopOptions, stop};
pub(crate) use self::why::{WhyOptions, why};
