//! The guide: chapters that answer the questions of users, in the order in which they arise.
//!
//! Each code block is compiled and run as a test. Two further chapters are about other packages:
//! `11-sagemaker.md` (`surmise-sagemaker`) and `14-benchmarking.md` (`surmise-bench`), in
//! `docs/guide` of the repository.
//!
//! | word | meaning |
//! | --- | --- |
//! | configuration | a value for every parameter |
//! | trial | one configuration and its outcome |
//! | job | the work that evaluates a trial; limits count jobs |
//! | attempt | one run of a job: the first run, or a retry |
//! | proposal | what a strategy suggests to try next |
//! | observation | a configuration with a value, from a trial or from elsewhere |
//! | value, loss | the metric as you know it; the same, signed so that smaller is better |
//! | report, step | an intermediate value; the epoch (or round) that it belongs to |
//! | study | all trials of one search, as a list of events |
//! | journal | the file that keeps a study |
//! | incumbent | the best observation so far |
//! | posterior | what the model believes after all results: a mean and a standard deviation at each point |

/// Declares a module for each chapter.
///
/// In a repository, labels such as `[async]` lead to files. Here, definitions that come first win,
/// and lead to modules.
macro_rules! chapters {
    ($($name:ident $file:literal,)*) => {$(
        #[doc = "[another-machine]: crate::guide::another_machine"]
        #[doc = "[async]: crate::guide::async_programs"]
        #[doc = "[benchmarking]: crate::guide"]
        #[doc = "[how-it-works]: crate::guide::how_it_works"]
        #[doc = "[journal]: mod@crate::journal"]
        #[doc = "[options]: https://github.com/surmise-rs/surmise/blob/main/crates/surmise-cli/docs/options.md"]
        #[doc = "[own-strategy]: crate::guide::your_own_strategy"]
        #[doc = "[references]: crate::guide::references"]
        #[doc = "[sagemaker]: crate::guide"]
        #[doc = "[save-and-resume]: crate::guide::save_and_resume"]
        #[doc = ""]
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
