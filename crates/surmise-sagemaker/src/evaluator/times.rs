//! How long the evaluator waits for what.

use std::time::Duration;

/// How long a service may not know of what it has taken on; a creation that was lost has happened by then, or never will.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// How often what may be settling is asked for.
pub(super) const AGAIN: Duration = Duration::from_secs(10);

/// For how long others come first after a request without an answer.
pub(super) const AFTER_SILENCE: Duration = Duration::from_secs(5);

/// As long as there is nothing to do.
pub(super) const IDLE: Duration = Duration::from_secs(3600);

/// How often jobs of earlier calls are looked at that no attempt stands for.
pub(super) const STRAYS: Duration = Duration::from_secs(300);
