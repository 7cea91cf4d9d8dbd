//! Runs the commands in `docs/*.md` and in the guide, and compares the output with the pages.
//!
//! With `TRYCMD=overwrite`, the test writes the output into the pages.

use std::path::Path;

#[test]
fn commands_in_the_documentation_print_the_documented_output() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("surmise", Path::new(env!("CARGO_BIN_EXE_surmise")));
    cases.case("docs/*.md");
    // The guide is not part of the published package.
    let guide = Path::new("../../docs/guide");
    if guide.is_dir() {
        cases.case(guide.join("*.md"));
    }
}
