//! What a terminal shows of Ctrl-C, which would shift the live view by a line.

use std::io::{IsTerminal, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Keeps the terminal from showing `^C` until it is dropped. A process that is killed leaves it so, which changes nothing else.
#[derive(Debug)]
pub(crate) struct SuppressedEcho(Option<Termios>);

impl SuppressedEcho {
    pub(crate) fn new() -> Self {
        if !stdin().is_terminal() {
            return Self(None);
        }
        let before = tcgetattr(stdin()).ok();
        let Some(before) = before.filter(|modes| modes.local_modes.contains(LocalModes::ECHOCTL))
        else {
            return Self(None);
        };
        let mut without = before.clone();
        without.local_modes.remove(LocalModes::ECHOCTL);
        let is_set = tcsetattr(stdin(), OptionalActions::Now, &without).is_ok();
        Self(is_set.then_some(before))
    }
}

impl Drop for SuppressedEcho {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
