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
        let original = tcgetattr(stdin()).ok();
        let Some(original) =
            original.filter(|modes| modes.local_modes.contains(LocalModes::ECHOCTL))
        else {
            return Self(None);
        };
        let mut modified = original.clone();
        modified.local_modes.remove(LocalModes::ECHOCTL);
        let is_set = tcsetattr(stdin(), OptionalActions::Now, &modified).is_ok();
        Self(is_set.then_some(original))
    }
}

impl Drop for SuppressedEcho {
    fn drop(&mut self) {
        if let Some(original) = &self.0 {
            let _ = tcsetattr(stdin(), OptionalActions::Now, original);
        }
    }
}
