//! External programs as contenders and as problems.

use crate::common::{Folder, random, run_all, run_of, script};
use std::fs;

use surmise_bench::{Case, Contender, Experiment, ExternalProblem, Run, Suite};

#[test]
fn violations_of_external_programs_are_counted() {
    let ok = "*init*|*tell*) echo '{\"ok\":true}';;";
    let asks = |configs: &str| script(&format!("{ok} *ask*) echo '{{\"configs\":{configs}}}';;"));
    let run = run_of(asks("[{\"n\":3}]"));
    assert_eq!((run.trials.len(), run.duplicates, run.violations), (6, 5, 0));
    assert_eq!(run.error, None);
    // 3.0 and 3 are the same configuration. The second proposal is one too many.
    let run = run_of(asks("[{\"n\":3.0},{\"n\":4}]"));
    assert_eq!((run.trials.len(), run.duplicates, run.violations), (6, 5, 6));
    // A configuration outside of the space is a failed evaluation.
    let run = run_of(asks("[{\"n\":30}]"));
    assert_eq!((run.trials.len(), run.failures(), run.violations), (6, 6, 6));
    // An empty reply ends the search without an error.
    let run = run_of(asks("[]"));
    assert_eq!((run.trials.len(), run.error), (0, None));
}

/// Runs random search on a problem whose shell script has these cases for `evaluate`.
fn run_on_program(evaluate: &str) -> Run {
    let space = r#"[{"name":"n","type":"int","lo":1,"hi":9}]"#;
    let describe =
        format!("*describe*) echo '{{\"space\":{space},\"optimum\":1,\"noisy\":true}}';;");
    let script =
        format!("while read -r line; do case \"$line\" in {describe} {evaluate} esac; done");
    let problem = ExternalProblem::start("program", script).unwrap();
    let suite = Suite::new("one", [Case::new(problem).with_budget(4)]);
    run_all(&Experiment::new(suite, [random()]).unwrap().with_seeds(1)).remove(0)
}

/// Returns a shell command that sets a variable to a number of the line.
fn number_in_line(variable: char, member: &str) -> String {
    format!(r#"{variable}=$(echo "$line" | sed 's/.*"{member}":\([0-9]*\).*/\1/')"#)
}

#[test]
fn a_program_can_be_a_problem() {
    let digit = number_in_line('n', "n");
    let reply = r#"echo "{\"value\":$n.5,\"noiseless\":$n,\"seconds\":20}""#;
    let run = run_on_program(&format!("*) {digit}; {reply};;"));
    assert!(run.noisy && run.has_own_durations && run.optimum == Some(1.0));
    for trial in &run.trials {
        let n = trial.configuration.float("n");
        assert_eq!((trial.value, trial.noiseless), (Some(n + 0.5), Some(n)));
        assert!((trial.end.unwrap() - trial.start - 20.0).abs() < 1e-9);
    }
    // The same seeds as in another run, and different ones for each evaluation.
    let values = |run: &Run| run.trials.iter().map(|t| t.value).collect::<Vec<_>>();
    let echo = format!(r#"*) {}; echo "{{\"value\":$s}}";;"#, number_in_line('s', "seed"));
    let (first, again) = (run_on_program(&echo), run_on_program(&echo));
    assert_eq!(values(&first), values(&again));
    assert_ne!(first.trials[0].value, first.trials[1].value);
    // A failure, a reply without sense, and an exit are failed evaluations.
    let failed = r#"*) echo '{"value":null,"failed":"diverged"}';;"#;
    for evaluate in [failed, "*) echo no;;", "*) exit 3;;"] {
        let run = run_on_program(evaluate);
        assert_eq!((run.trials.len(), run.failures(), &run.error), (4, 4, &None), "{evaluate}");
    }
    let error = ExternalProblem::start("gone", "exit 3").unwrap_err().to_string();
    assert!(error.contains("gone") && error.contains("describe"), "{error}");
    let invalid = r#"read -r line; echo '{"space":[{"name":"n","type":"int","lo":1}]}'; cat"#;
    let error = ExternalProblem::start("bad", invalid).unwrap_err().to_string();
    assert!(error.contains("space[0].hi"), "{error}");
}

/// A program that announces it is asked for its recommendation; the trial must be a told one.
#[test]
fn an_external_program_recommends() {
    let ask = r#"*ask*) i=$((i+1)); echo "{\"configs\":[{\"n\":$i}]}";;"#;
    let init = r#"*init*) echo '{"ok":true,"recommends":true}';;"#;
    let recommending = |reply: &str| {
        let recommend = format!(r#"*recommend*) echo '{{"recommended":{reply}}}';;"#);
        script(&format!(r#"{init} *tell*) echo '{{"ok":true}}';; {ask} {recommend}"#))
    };
    let run = run_of(recommending(r#"{"n":1.0}"#));
    assert_eq!((run.error.as_deref(), run.recommended.last()), (None, Some(&(6, 0))));
    let run = run_of(recommending("null"));
    assert_eq!(run.recommended.last(), Some(&(6, 0)), "the smallest measured value");
    let error = run_of(recommending(r#"{"n":9}"#)).error.unwrap();
    assert!(error.contains("not told"), "{error}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "this measures that the run does not wait")]
fn an_error_of_an_external_program_ends_its_run() {
    let error = |contender| run_of(contender).error.unwrap();
    let found = error(Contender::external("gone", "exit 3"));
    assert!(found.contains("ended") || found.contains("write"), "{found}");
    let found = error(script("*) echo 'hello';;"));
    assert!(found.contains("hello"), "{found}");
    let found = error(script("*) echo '{\"error\":\"too hard\"}';;"));
    assert!(found.contains("too hard"), "{found}");
    // None of these programs blocks the run: one that prints without a request, one that closes its
    // output, one that leaves a child process behind.
    let start = std::time::Instant::now();
    let found = error(Contender::external("chatty", "yes hello"));
    assert!(found.contains("hello"), "{found}");
    let found = error(Contender::external("mute", "exec >&-; cat >/dev/null"));
    assert!(found.contains("output") || found.contains("ended"), "{found}");
    let traces = Folder::new("deaf").0.join("traces");
    let deaf = "echo hello; while :; do echo . >> TRACES; sleep 0.02; done & wait";
    let deaf = deaf.replace("TRACES", &format!("'{}'", traces.display()));
    let found = error(Contender::external("deaf", deaf));
    assert!(found.contains("hello"), "{found}");
    let length = || fs::metadata(&traces).unwrap().len();
    let length_at_end = length();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(length_at_end > 0 && length() == length_at_end, "its child process is killed, too");
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    // A program that exits after two trials keeps their values.
    let exits = "*init*|*tell*) echo '{\"ok\":true}';; *ask*) i=$((i+1)); [ $i -gt 2 ] && exit 7; \
                echo \"{\\\"configs\\\":[{\\\"n\\\":$i}]}\";;";
    let run = run_of(script(exits));
    assert_eq!(run.trials.len(), 2);
    assert!(run.error.as_ref().unwrap().contains('7'), "{:?}", run.error);
    assert_eq!(run.best_values(), [1.0; 6]);
    assert_eq!(run.recommended_value(6), Some(1.0));
}
