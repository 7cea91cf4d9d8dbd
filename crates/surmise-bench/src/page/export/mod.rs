//! Exports for papers: figures as SVG and PDF, tables as LaTeX, data for IOHanalyzer.
//!
//! | file | what |
//! | --- | --- |
//! | `figures/*.svg`, `*.pdf` | each picture of the page |
//! | `tables/*.tex` | each table, in the style of the package `booktabs` |
//! | `trajectories.csv`, `verdicts.csv` | as [`write`](super::write) writes them |
//! | `ioh/STRATEGY/` | the runs in the form of IOHexperimenter 0.4, which IOHanalyzer reads |

mod latex;
mod name;
mod pdf;

mod ioh;

mod files;

pub use self::files::export;

#[cfg(test)]
mod tests;
