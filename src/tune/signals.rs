//! Ctrl-C and SIGTERM as requests to end a tuning.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::stop_handle::StopHandle;

impl StopHandle {
    /// A handle that signals to this process use from now on. Ctrl-C (SIGINT) once drains: nothing more is started, and what runs comes to its
    /// end. Twice, it cancels: what runs is asked to stop. The third time, the process ends at once; what a [journal](crate::Tuner::keep_in) has of the study is whole.
    /// SIGTERM drains. Once no copy of the handle is left, signals do what they do by default.
    ///
    /// ```
    /// # use surmise::{StopHandle, Tuner};
    /// let tuner = Tuner::new().stop_by(&StopHandle::on_signals()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the system gives no handlers.
    #[allow(clippy::disallowed_methods, reason = "signals are waited for on a thread of their own")]
    pub fn on_signals() -> io::Result<Self> {
        let handle = Self::new();
        let heard = handle.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let listen = move || {
            let mut interrupts = 0;
            for signal in &mut signals {
                if heard.is_alone() {
                    // The tuning is over, and so is its handle.
                    drop(emulate_default_handler(signal));
                }
                match signal {
                    SIGTERM => heard.drain(),
                    _ => {
                        interrupts += 1;
                        match interrupts {
                            1 => heard.drain(),
                            2 => heard.cancel(),
                            _ => drop(emulate_default_handler(SIGINT)),
                        }
                    }
                }
            }
        };
        thread::Builder::new().name("surmise hears signals".to_owned()).spawn(listen)?;
        Ok(handle)
    }
}
