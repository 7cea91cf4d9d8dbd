//! Ends a tuning on Ctrl-C (SIGINT) and SIGTERM.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::stop_handle::StopHandle;

impl StopHandle {
    /// Creates a handle that the signals of this process control from now on.
    ///
    /// - The first Ctrl-C (SIGINT) drains: no more jobs start, and running jobs finish. SIGTERM
    ///   does the same.
    /// - The second Ctrl-C cancels: running jobs are asked to stop.
    /// - The third Ctrl-C ends the process at once; a [journal](crate::Tuner::journal_to) stays
    ///   intact.
    ///
    /// Once all clones of the handle are dropped, signals have their default effect again.
    ///
    /// ```
    /// # use surmise::{StopHandle, Tuner};
    /// let tuner = Tuner::new().stop_handle(&StopHandle::on_signals()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`io::Error`] if the system installs no signal handler or starts no thread.
    #[allow(clippy::disallowed_methods, reason = "signals are waited for on a thread of their own")]
    pub fn on_signals() -> io::Result<Self> {
        let handle = Self::new();
        let shared = handle.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let listen = move || {
            let mut interrupts = 0;
            for signal in &mut signals {
                if shared.is_last_copy() {
                    // The tuning has ended and has dropped its handle.
                    drop(emulate_default_handler(signal));
                }
                match signal {
                    SIGTERM => shared.drain(),
                    _ => {
                        interrupts += 1;
                        match interrupts {
                            1 => shared.drain(),
                            2 => shared.cancel(),
                            _ => drop(emulate_default_handler(SIGINT)),
                        }
                    }
                }
            }
        };
        thread::Builder::new().name("surmise signals".to_owned()).spawn(listen)?;
        Ok(handle)
    }
}
