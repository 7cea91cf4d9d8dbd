//! The guide: chapters that answer the questions of users, in the order in which they arise.
//!
#![doc = include_str!("../docs/guide/rustdoc-links.txt")]
#![doc = include_str!("../docs/guide/README.md")]

/// Declares a module for each chapter.
///
/// In the repository, labels such as `[async]` lead to files. Here, the definitions in
/// `rustdoc-links.txt` come first and win: they lead to modules.
macro_rules! chapters {
    ($($name:ident $file:literal,)*) => {$(
        #[doc = include_str!("../docs/guide/rustdoc-links.txt")]
        #[doc = include_str!(concat!("../docs/guide/", $file))]
        pub mod $name {}
    )*};
}

#[doc = include_str!("../docs/references.md")]
pub mod references {}

chapters! {
    first_tuning "01-first-tuning.md",
    ranges_and_scales "02-ranges-and-scales.md",
    choosing_a_strategy "03-choosing-a-strategy.md",
    parallel_jobs "04-parallel-jobs.md",
    failures "05-failures.md",
    stopping "06-stopping.md",
    save_and_resume "07-save-and-resume.md",
    noise "08-noise.md",
    async_programs "09-async-programs.md",
    another_machine "10-another-machine.md",
    your_own_evaluator "12-your-own-evaluator.md",
    your_own_strategy "13-your-own-strategy.md",
    how_it_works "15-how-it-works.md",
    limits "16-limits.md",
}
