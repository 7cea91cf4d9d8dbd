//! Suppresses the `^C` that a terminal shows for Ctrl-C, which would shift the live view.

use std::io::{IsTerminal, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Keeps the terminal from showing `^C` until it is dropped.
///
/// A killed process leaves the terminal in this mode, which has no other effect.
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
