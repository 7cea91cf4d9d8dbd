//! The command-line program `surmise`.

mod layout;
mod output;

mod display;
mod study;

mod ask_tell;
mod bench;
mod demo;
mod sagemaker;
mod tune;

mod journals;
mod shells;

mod command_line;

fn main() -> std::process::ExitCode {
    command_line::run()
}
