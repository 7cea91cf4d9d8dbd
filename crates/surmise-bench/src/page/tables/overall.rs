//! The figures over all problems.

use super::table::{SHARES, Table, format_band, header};
use crate::comparison::{Comparison, mean_over_runs};
use crate::run::Run;
use surmise::drawing::{format_fixed, format_short};

/// The floors for which the final figures are shown.
const FLOORS: [f64; 3] = [1e-2, 1e-3, 1e-4];

pub(super) fn relative_regrets(what: &str, comparison: &Comparison) -> Table {
    let common = comparison.common_cases();
    let problems = comparison.final_logs().len();
    let ranks = comparison.mean_ranks();
    let floor = comparison.options().floor;
    let row = |index: &usize| {
        let figures = comparison.relative_regret(*index).map(format_band);
        let runs = comparison.common_runs_by_problem(*index);
        let area = mean_over_runs(&runs, |run: &Run| run.log_area(floor));
        let mut row = vec![comparison.strategies()[*index].clone()];
        row.extend(figures);
        row.push(format_fixed(ranks[*index], 2));
        row.push(format_band(area));
        row
    };
    let mut columns = vec!["strategy"];
    columns.extend(SHARES);
    columns.extend(["mean rank", "log area"]);
    let deployed = if comparison.options().best_values {
        "the best trial, which cannot be known if values are noisy"
    } else {
        "the trial one would deploy: the recommended one if values are noisy, otherwise the best"
    };
    Table {
        title: format!("Relative regret{what}"),
        note: format!(
            "Regret divided by random search's mean regret after the whole budget (a stored \
             constant), after a quarter, a third, half and all of the budget; each at least \
             {floor}. Regret is that of {deployed}. Geometric mean over seeds, then instances, \
             then {problems} problems ({} cases on which all strategies ran, with the seeds they \
             share); in brackets its 95 % interval (Student's, over problems). Smaller is better. \
             Mean rank: over problems, after the whole budget. Log area: mean over all evaluations \
             of log10 of the relative regret, with the same means.",
            common.len()
        ),
        header: header(&columns, &[]),
        rows: comparison.ranking().iter().map(row).collect(),
    }
}

pub(super) fn floors(comparison: &Comparison) -> Table {
    let row = |index: &usize| {
        let figures = FLOORS.map(|floor| {
            let [.., last] = comparison.relative_regret_with_floor(*index, floor);
            format_band(last)
        });
        std::iter::once(comparison.strategies()[*index].clone()).chain(figures).collect()
    };
    let floors = FLOORS.map(|floor| format!("at least {}", format_short(floor)));
    Table {
        title: "The floor".to_owned(),
        note:
            "The relative regret after the whole budget over all cases, with other floors: with a \
               smaller one, digits near the optimum of easy problems count more."
                .to_owned(),
        header: header(&["strategy"], &floors),
        rows: comparison.ranking().iter().map(row).collect(),
    }
}
