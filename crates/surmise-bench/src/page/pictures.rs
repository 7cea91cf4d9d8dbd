//! The pictures of a comparison, each with its heading, its explanation and the name of its file.

use super::diagram::{critical_difference, regret_map};
use super::figures;
use crate::comparison::Comparison;
use crate::pairwise_comparison::DECISION_RULE;

/// A picture as SVG.
#[derive(Debug)]
pub(super) struct Picture {
    /// The name of its file, without an extension.
    #[cfg_attr(not(feature = "export"), allow(dead_code, reason = "only exports have files"))]
    pub(super) name: &'static str,
    pub(super) heading: &'static str,
    pub(super) note: String,
    pub(super) svg: String,
}

/// Returns all pictures, in the order of the page.
pub(super) fn pictures(comparison: &Comparison) -> Vec<Picture> {
    let mut pictures = progress_pictures(comparison);
    pictures.extend(ranking_pictures(comparison));
    pictures.push(Picture {
        name: "regret-by-case",
        heading: "Regret, problem by problem",
        note: "Median over seeds, with a 95 % bootstrap band. Values below a millionth of random \
               search's final regret are drawn at that value."
            .to_owned(),
        svg: figures::regret_by_case(comparison),
    });
    pictures.push(Picture {
        name: "ask-time",
        heading: "Time of a proposal",
        note: "Median over all cases and seeds, with the band of the middle 90 %. The first \
               proposals are the initial design. Only some cases have a large budget, so that the \
               curves jump where smaller budgets end."
            .to_owned(),
        svg: figures::ask_time(comparison),
    });
    pictures
}

/// Returns the pictures of regret by evaluations and by time.
fn progress_pictures(comparison: &Comparison) -> Vec<Picture> {
    let floor = comparison.options().floor;
    let mut pictures = vec![Picture {
        name: "relative-regret",
        heading: "Relative regret",
        note: format!(
            "Regret divided by the mean final regret of random search: geometric mean over seeds, \
             then instances, then problems ({} cases on which all strategies ran), each value at \
             least {floor}. The band is the 95 % interval over problems. Lower is better: at 0.1, \
             the regret is a tenth of that of random search. Random search itself ends below 1, \
             because a geometric mean is smaller than the mean.",
            comparison.common_cases().len()
        ),
        svg: figures::relative_regret_by_budget(comparison),
    }];
    if figures::has_times(comparison) {
        pictures.push(Picture {
            name: "relative-regret-by-time",
            heading: "Relative regret by virtual time",
            note:
                "The relative regret over the simulated time. 1 is the time that a single worker \
                   needs for the whole budget; q workers need at least 1/q of it."
                    .to_owned(),
            svg: figures::relative_regret_by_time(comparison),
        });
    }
    pictures.push(Picture {
        name: "targets-reached",
        heading: "Targets reached",
        note: "Each case and seed has 21 targets, from a relative regret of 1 down to 1e-4. The \
               curve shows the share of the targets that is reached after a number of evaluations \
               per parameter (the ECDF of COCO). Higher is better."
            .to_owned(),
        svg: figures::targets_reached(comparison),
    });
    pictures
}

/// Returns the pictures of ranks and regrets by case.
fn ranking_pictures(comparison: &Comparison) -> Vec<Picture> {
    let mut pictures = Vec::new();
    if comparison.strategies().len() > 1 && !comparison.common_cases().is_empty() {
        pictures.push(Picture {
            name: "critical-differences",
            heading: "Critical differences",
            note: format!(
                "Mean ranks over {} problems after the whole budget, after averaging the instances \
                 of a problem. A bar joins strategies without a significant difference: Wilcoxon's \
                 signed-rank test over problems, with Holm's correction over all pairs, at the \
                 level {}.",
                comparison.final_logs().len(),
                DECISION_RULE.level
            ),
            svg: critical_difference(comparison),
        });
    }
    pictures.push(Picture {
        name: "regret-map",
        heading: "Relative regrets, case by case",
        note:
            "The relative regret after the whole budget, geometric mean over seeds. Blue is better \
               than random search, white equal, orange worse."
                .to_owned(),
        svg: regret_map(comparison),
    });
    pictures
}
