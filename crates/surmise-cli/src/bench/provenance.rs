//! Where runs come from: commit, build, machine and date.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::time::SystemTime;

use surmise_bench::Provenance;

/// The file of a directory with runs that has the hash of the program that made them.
pub(super) const BUILD_FILE: &str = "build";

/// Returns what the runs of this process record.
#[allow(clippy::disallowed_methods, reason = "a run records its date")]
pub(super) fn provenance() -> Provenance {
    // The first ten characters of a timestamp are the date.
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Provenance {
        commit: option_env!("SURMISE_COMMIT").map(str::to_owned),
        machine: Some(machine()),
        date: Some(now[..10].to_owned()),
        command: None,
    }
}

/// Returns the processor, the number of cores that this process may use, and the system.
fn machine() -> String {
    let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu_info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    let processor = model.unwrap_or(architecture);
    format!("{processor}, {cores} cores, {system} {architecture}")
}

/// Returns a hash of this program.
pub(super) fn build_hash() -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(std::env::current_exe()?)?);
    Ok(format!("{:016x}", hasher.finish()))
}
