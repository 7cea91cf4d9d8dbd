//! Scores and verdicts as CSV (RFC 4180).

use crate::comparison::Comparison;
use crate::random_means::CHECKPOINTS;

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

/// Returns CSV with a row for each run and checkpoint; unknown values are empty.
pub fn scores_csv(comparison: &Comparison) -> String {
    let mut text = "problem,instance,strategy,seed,parallelism,evaluations,best,regret,\
                    inference_regret,score\n"
        .to_owned();
    for (index, strategy) in comparison.strategies().iter().enumerate() {
        for run in comparison.runs_of(index) {
            let (best_values, regrets) = (run.best_values(), run.regrets());
            let checkpoints = CHECKPOINTS.into_iter().filter(|count| *count < run.budget);
            for count in checkpoints.chain([run.budget]) {
                let best = best_values[count - 1];
                let fields = [
                    quote(&run.problem),
                    run.instance.to_string(),
                    quote(strategy),
                    run.seed.to_string(),
                    run.parallelism.to_string(),
                    count.to_string(),
                    number_or_empty(best.is_finite().then_some(best)),
                    number_or_empty(regrets.as_ref().map(|regrets| regrets[count - 1])),
                    number_or_empty(run.inference_regret(count)),
                    number_or_empty(run.score(count)),
                ];
                text.push_str(&(fields.join(",") + "\n"));
            }
        }
    }
    text
}

/// Returns CSV with a row for each pair of strategies and each case.
pub fn verdicts_csv(comparison: &Comparison) -> String {
    let mut text = "case,first,second,verdict,median_difference,vargha_delaney_a,wilcoxon_p_holm,\
                    equivalence_p_holm,pairs,untied\n"
        .to_owned();
    for pair in comparison.pairwise_comparisons() {
        let fields = [
            quote(&comparison.cases()[pair.case].name),
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
