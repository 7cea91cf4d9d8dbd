//! The commands of the pages, run as they stand there. `TRYCMD=overwrite` writes what they print into the pages.

use std::path::Path;

#[test]
fn commands_of_the_pages_print_what_stands_there() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("surmise", Path::new(env!("CARGO_BIN_EXE_surmise")));
    cases.case("docs/*.md");
}
