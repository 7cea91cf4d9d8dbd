//! Runs the commands in `docs/*.md` and in the guide, and compares the output with the pages.
//!
//! With `TRYCMD=overwrite`, the test writes the output into the pages.

use std::path::Path;

#[test]
fn commands_in_the_documentation_print_the_documented_output() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("surmise", Path::new(env!("CARGO_BIN_EXE_surmise")));
    for program in ["cat", "sh"] {
        cases.register_bin(program, Path::new("/bin").join(program));
    }
    // Scripts find the program by its name.
    let folder = Path::new(env!("CARGO_BIN_EXE_surmise")).parent().expect("it has a folder");
    #[allow(clippy::disallowed_methods, reason = "the scripts need the programs of the system")]
    let programs = std::env::var("PATH").unwrap_or_default();
    cases.env("PATH", format!("{}:{programs}", folder.display()));
    cases.case("docs/*.md");
    // The guide is not part of the published package.
    let guide = Path::new("../../docs/guide");
    if guide.is_dir() {
        cases.case(guide.join("*.md"));
    }
}
