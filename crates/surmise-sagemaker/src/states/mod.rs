//! Step Functions: finds the task that creates a tuning job and resolves its parameters.
//!
//! A member whose name ends in `.$` takes its value from the state's input (`$.name`), from the
//! context object (`$$.Execution.Name`) or from an intrinsic function (`States.Format(…)`). Its
//! resolved name has no suffix.

mod machine;
mod unresolved_reason;

mod functions;
mod path;

mod scope;

mod intrinsic;

mod resolve;

pub(crate) use self::machine::{TuningTask, find_tuning_tasks};
pub(crate) use self::resolve::{UnresolvedExpression, find_unmarked_expressions, resolve};
pub(crate) use self::scope::Scope;
pub(crate) use self::unresolved_reason::UnresolvedReason;
