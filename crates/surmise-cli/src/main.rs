//! The command `surmise`.

mod output;

mod ask_tell;
mod bench;
mod demo;
mod sagemaker;

mod command_line;

fn main() -> std::process::ExitCode {
    command_line::run()
}
