//! Tables for other programs, as RFC 4180 describes them.

use crate::comparison::Comparison;
use crate::random_means::CHECKPOINTS;

/// A field, quoted if it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:?}"))
}

/// A row for each run and checkpoint; what is not known is empty.
pub fn scores_csv(comparison: &Comparison) -> String {
    let mut text = "problem,instance,strategy,seed,parallelism,evaluations,best,regret,inference_regret,score\n".to_owned();
    for (index, strategy) in comparison.strategies().iter().enumerate() {
        for run in comparison.runs_of(index) {
            let (bests, regrets) = (run.bests(), run.regrets());
            let inner = CHECKPOINTS.into_iter().filter(|count| *count < run.budget);
            for count in inner.chain([run.budget]) {
                let best = bests[count - 1];
                let fields = [
                    field(&run.problem),
                    run.instance.to_string(),
                    field(strategy),
                    run.seed.to_string(),
                    run.parallelism.to_string(),
                    count.to_string(),
                    number(best.is_finite().then_some(best)),
                    number(regrets.as_ref().map(|regrets| regrets[count - 1])),
                    number(run.inference_regret(count)),
                    number(run.score(count)),
                ];
                text.push_str(&(fields.join(",") + "\n"));
            }
        }
    }
    text
}

/// A row for each pair of strategies and problem.
pub fn verdicts_csv(comparison: &Comparison) -> String {
    let mut text = "case,first,second,verdict,median_difference,vargha_delaney_a,wilcoxon_p_holm,equivalence_p_holm,pairs,untied\n".to_owned();
    for duel in comparison.duels() {
        let fields = [
            field(&comparison.cases()[duel.case].name),
            field(&comparison.strategies()[duel.first]),
            field(&comparison.strategies()[duel.second]),
            duel.verdict.to_string(),
            format!("{:?}", duel.difference),
            format!("{:?}", duel.effect),
            format!("{:?}", duel.p),
            format!("{:?}", duel.equivalence_p),
            duel.pairs.to_string(),
            duel.untied.to_string(),
        ];
        text.push_str(&(fields.join(",") + "\n"));
    }
    text
}
