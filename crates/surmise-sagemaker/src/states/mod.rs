//! Step Functions: the task that makes a tuning job, and what its parameters are when it runs.
//!
//! A member whose name ends in `.$` takes its value from the state's input (`$.name`), from the context object (`$$.Execution.Name`)
//! or from an intrinsic function (`States.Format(…)`); the suffix is dropped.

mod machine;
mod unresolvable;

mod functions;
mod path;

mod scope;

mod intrinsic;

mod resolve;

pub(crate) use self::machine::{Found, find_task};
pub(crate) use self::resolve::{Leftover, forgotten, resolve};
pub(crate) use self::scope::Scope;
pub(crate) use self::unresolvable::Unresolvable;
