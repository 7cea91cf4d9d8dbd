//! Trajectories and verdicts as CSV (RFC 4180).

use crate::comparison::Comparison;
use crate::run::BUDGET_DIVISORS;

/// Returns a field, quoted if it contains a comma, a quote or a line break.
fn quote(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn number_or_empty(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:?}"))
}

/// Returns CSV with a row for each evaluation of each run, in the order in which they ended;
/// unknown values are empty.
pub fn trajectories_csv(comparison: &Comparison) -> String {
    let mut text =
        "problem,instance,strategy,seed,parallelism,evaluations,seconds,value,noiseless,\
                    best,regret,relative_regret\n"
            .to_owned();
    for (index, strategy) in comparison.strategies().iter().enumerate() {
        for run in comparison.runs_of(index) {
            let (best_values, regrets) = (run.best_values(), run.regrets());
            let relative = run.relative_regrets();
            for (count, (seconds, trial)) in run.ended_trials().into_iter().enumerate() {
                let best = best_values[count];
                let at =
                    |numbers: &Option<Vec<f64>>| numbers.as_ref().map(|numbers| numbers[count]);
                let fields = [
                    quote(&run.problem),
                    run.instance.to_string(),
                    quote(strategy),
                    run.seed.to_string(),
                    run.parallelism.to_string(),
                    (count + 1).to_string(),
                    format!("{seconds:?}"),
                    number_or_empty(trial.value),
                    number_or_empty(trial.noiseless),
                    number_or_empty(best.is_finite().then_some(best)),
                    number_or_empty(at(&regrets)),
                    number_or_empty(at(&relative)),
                ];
                text.push_str(&(fields.join(",") + "\n"));
            }
        }
    }
    text
}

/// Returns CSV with a row for each pair of strategies, case and share of the budget.
pub fn verdicts_csv(comparison: &Comparison) -> String {
    let mut text = "case,evaluations,first,second,verdict,median_difference,vargha_delaney_a,\
                    wilcoxon_p_holm,equivalence_p_holm,pairs,untied\n"
        .to_owned();
    for pair in comparison.pairwise_comparisons() {
        let case = &comparison.cases()[pair.case];
        let fields = [
            quote(&case.name),
            case.budget.div_ceil(BUDGET_DIVISORS[pair.share]).to_string(),
            quote(&comparison.strategies()[pair.first]),
            quote(&comparison.strategies()[pair.second]),
            pair.verdict.to_string(),
            format!("{:?}", pair.median_difference),
            format!("{:?}", pair.effect_size),
            format!("{:?}", pair.p_value),
            format!("{:?}", pair.equivalence_p_value),
            pair.pairs.to_string(),
            pair.untied.to_string(),
        ];
        text.push_str(&(fields.join(",") + "\n"));
    }
    text
}
