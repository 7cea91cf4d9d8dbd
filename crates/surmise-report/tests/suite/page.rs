//! The page of each kind of study: complete, escaped, small and self-contained.

use crate::studies::{continuous_space, float, random_study, sobol_study};
use surmise::{
    AskOutcome, Failure, FailureKind, Objective, Outcome, ParameterRange, RandomSearch,
    ScalingType, SearchSpace, Study, StudySettings,
};
use surmise_report::{Analysis, Report};

fn page(study: &Study) -> String {
    let analysis = Analysis::new(study);
    Report::new("study", &analysis).html()
}

fn empty_study(space: SearchSpace, objective: Objective) -> Study {
    Study::new(space, objective, RandomSearch, StudySettings::default()).unwrap()
}

/// Asserts that a page is complete and self-contained, and that its pictures have valid numbers.
#[track_caller]
fn assert_valid(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    for attribute in ["x=\"", "y=\"", "x1=\"", "cx=\"", "cy=\"", "width=\"", "points=\"", "d=\""] {
        for value in html.split(attribute).skip(1) {
            let value = value.split('"').next().unwrap();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{attribute}{value}");
        }
    }
    let addresses =
        html.matches("http").count() - html.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(addresses, html.matches("http-equiv").count(), "the page refers to no server");
    for word in ["src=", "url(", "@import", "<link", "<iframe"] {
        assert!(!html.contains(word), "{word}");
    }
    assert_eq!(html.matches("<svg").count(), html.matches("<figcaption>").count());
    assert_eq!(html.matches("<svg").count(), html.matches("<title>").count() - 1);
}

#[test]
fn studies_of_every_size_and_outcome_have_a_page() {
    let space = || continuous_space(&["x", "y"], 0.0, 1.0);
    for count in [0, 1, 2, 5, 50] {
        let study = random_study(space(), count, 1, |c| float(c, "x"));
        let html = page(&study);
        assert_valid(&html);
        assert_eq!(
            html.matches("<tr data-trial").count()
                + html.matches("<tr class=\"best\" data-trial").count(),
            count
        );
    }
    let mut failed = empty_study(space(), Objective::minimize("loss"));
    let AskOutcome::Trials(trials) = failed.ask(10).unwrap() else { panic!() };
    for trial in &trials[1..] {
        let failure = Failure::new(FailureKind::Error, "exit status 1");
        failed.tell(trial.id, Outcome::Failed(failure)).unwrap();
    }
    let html = page(&failed);
    assert_valid(&html);
    assert!(html.contains("9 failed") && html.contains("exit status 1"));
}

#[test]
fn constant_spaces_and_huge_values_have_a_page() {
    let choice = SearchSpace::new([ParameterRange::categorical("only", ["one", "two"])]).unwrap();
    assert_valid(&page(&sobol_study(choice, Objective::maximize("score"), 2, 1, |_| 1.0)));
    let constant = SearchSpace::new([ParameterRange::categorical("only", ["one"])]).unwrap();
    assert_valid(&page(&sobol_study(constant, Objective::maximize("score"), 1, 1, |_| 1.0)));
    let space = continuous_space(&["x"], 0.0, 1.0);
    let study = sobol_study(space, Objective::maximize("score"), 30, 1, |c| match float(c, "x") {
        x if x > 0.8 => -1e300,
        x if x > 0.6 => 1e-300,
        x => x,
    });
    assert_valid(&page(&study));
}

#[test]
fn learning_curves_are_drawn() {
    let mut study = empty_study(continuous_space(&["x"], 0.0, 1.0), Objective::minimize("loss"));
    for number in 0..12_u32 {
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        for step in 1..=5 {
            study.report(trials[0].id, step, f64::from(number) + 1.0 / step as f64).unwrap();
        }
        study.tell(trials[0].id, Outcome::from(f64::from(number))).unwrap();
    }
    let html = page(&study);
    assert_valid(&html);
    assert!(html.contains("Learning curves of 12 trials from step 1 to 5"));
}

#[test]
fn hostile_names_and_values_are_escaped() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img onerror=alert(1)>",
        "</script><b>",
        "<!--",
        "&lt;",
        "' onclick='x",
        "\u{202e}\u{2028}",
    ];
    let space = SearchSpace::new([
        ParameterRange::categorical(hostile[0], hostile),
        ParameterRange::continuous(hostile[1], 0.0..=1.0, ScalingType::Linear),
        ParameterRange::continuous(hostile[2], 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap();
    let study =
        sobol_study(space, Objective::minimize(hostile[3]), 40, 1, |c| float(c, hostile[1]));
    let analysis = Analysis::new(&study);
    let report = Report::new(hostile[0], &analysis)
        .with_best_command(hostile[2])
        .with_origin(hostile[0], hostile[1]);
    let html = report.html();
    assert_valid(&html);
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script>").count(), 2);
    for element in ["<img", "<b>", "<!--", "<script>alert"] {
        assert!(!html.contains(element), "{element}");
    }
    let data = html.split("application/json\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["parameters"][0]["choices"][2], hostile[2]);
    for picture in report.pictures() {
        assert!(!picture.svg.contains("<script") && !picture.svg.contains("<img"));
    }
}

/// A page of 10,000 trials has less than 2 MB.
#[test]
fn ten_thousand_trials_make_a_small_page() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let study = random_study(continuous_space(&names, 0.0, 1.0), 10_000, 1, |c| {
        names.iter().map(|name| (float(c, name) - 0.3).powi(2)).sum()
    });
    let html = page(&study);
    assert!(html.len() < 2_000_000, "{}", html.len());
    assert!(html.contains("1000 of 10000 trials") && html.contains("1000 are drawn"));
    assert!(html.contains("A model of 1000 of 10000 values"));
    assert_valid(&html);
}
