//! The page: of every kind of study, whole, escaped, small, and in need of nothing from elsewhere.

use crate::example::{float, numbers, told, told_at_random};
use surmise::{
    Asked, Failure, FailureKind, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, Study, StudySettings,
};
use surmise_report::{Analysis, Report};

fn page(study: &Study) -> String {
    let analysis = Analysis::of(study);
    Report::of("study", &analysis).html()
}

fn random(space: SearchSpace, objective: Objective) -> Study {
    Study::new(space, objective, RandomSearch, StudySettings::default()).unwrap()
}

/// What a page must be, whatever the study is.
#[track_caller]
fn assert_sound(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    for attribute in ["x=\"", "y=\"", "x1=\"", "cx=\"", "cy=\"", "width=\"", "points=\"", "d=\""] {
        for value in html.split(attribute).skip(1) {
            let value = value.split('"').next().unwrap();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{attribute}{value}");
        }
    }
    let names = html.matches("http").count() - html.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(names, html.matches("http-equiv").count(), "nothing is fetched");
    for word in ["src=", "url(", "@import", "<link", "<iframe"] {
        assert!(!html.contains(word), "{word}");
    }
    assert_eq!(html.matches("<svg").count(), html.matches("<figcaption>").count());
    assert_eq!(html.matches("<svg").count(), html.matches("<title>").count() - 1);
}

#[test]
fn studies_of_every_size_and_fate_have_a_page() {
    let space = || numbers(&["x", "y"], 0.0, 1.0);
    for count in [0, 1, 2, 5, 50] {
        let study = told_at_random(space(), count, 1, |c| float(c, "x"));
        let html = page(&study);
        assert_sound(&html);
        assert_eq!(
            html.matches("<tr data-trial").count()
                + html.matches("<tr class=\"best\" data-trial").count(),
            count
        );
    }
    let mut failed = random(space(), Objective::minimize("loss"));
    let Asked::Trials(trials) = failed.ask(10).unwrap() else { panic!() };
    for trial in &trials[1..] {
        let failure = Failure::new(FailureKind::Error, "exit status 1");
        failed.tell(trial.id, Outcome::Failed(failure)).unwrap();
    }
    let html = page(&failed);
    assert_sound(&html);
    assert!(html.contains("9 failed") && html.contains("exit status 1"));
}

#[test]
fn one_choice_one_value_and_huge_values_have_a_page() {
    let choice = SearchSpace::new([ParameterRange::categorical("only", ["one", "two"])]).unwrap();
    assert_sound(&page(&told(choice, Objective::maximize("score"), 2, 1, |_| 1.0)));
    let constant = SearchSpace::new([ParameterRange::categorical("only", ["one"])]).unwrap();
    assert_sound(&page(&told(constant, Objective::maximize("score"), 1, 1, |_| 1.0)));
    let space = numbers(&["x"], 0.0, 1.0);
    let study = told(space, Objective::maximize("score"), 30, 1, |c| match float(c, "x") {
        x if x > 0.8 => -1e300,
        x if x > 0.6 => 1e-300,
        x => x,
    });
    assert_sound(&page(&study));
}

#[test]
fn curves_and_stopped_trials_are_drawn() {
    let mut study = random(numbers(&["x"], 0.0, 1.0), Objective::minimize("loss"));
    for number in 0..12_u32 {
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        for step in 1..=5 {
            study.report(trials[0].id, step, f64::from(number) + 1.0 / step as f64).unwrap();
        }
        study.tell(trials[0].id, Outcome::from(f64::from(number))).unwrap();
    }
    let html = page(&study);
    assert_sound(&html);
    assert!(html.contains("Curves of 12 trials over 1 to 5 steps"));
}

#[test]
fn hostile_names_and_values_stay_text() {
    let evil = [
        "<script>alert(1)</script>",
        "\"><img onerror=alert(1)>",
        "</script><b>",
        "<!--",
        "&lt;",
        "' onclick='x",
        "\u{202e}\u{2028}",
    ];
    let space = SearchSpace::new([
        ParameterRange::categorical(evil[0], evil),
        ParameterRange::continuous(evil[1], 0.0..=1.0, ScalingType::Linear),
        ParameterRange::continuous(evil[2], 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap();
    let study = told(space, Objective::minimize(evil[3]), 40, 1, |c| float(c, evil[1]));
    let analysis = Analysis::of(&study);
    let report =
        Report::of(evil[0], &analysis).with_best_command(evil[2]).with_origin(evil[0], evil[1]);
    let html = report.html();
    assert_sound(&html);
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script>").count(), 2);
    for element in ["<img", "<b>", "<!--", "<script>alert"] {
        assert!(!html.contains(element), "{element}");
    }
    let data = html.split("application/json\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["parameters"][0]["choices"][2], evil[2]);
    for picture in report.pictures() {
        assert!(!picture.svg.contains("<script") && !picture.svg.contains("<img"));
    }
}

/// Under 2 MB at 10,000 trials.
#[test]
fn ten_thousand_trials_are_a_small_page() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let study = told_at_random(numbers(&names, 0.0, 1.0), 10_000, 1, |c| {
        names.iter().map(|name| (float(c, name) - 0.3).powi(2)).sum()
    });
    let html = page(&study);
    assert!(html.len() < 2_000_000, "{}", html.len());
    assert!(html.contains("1000 of 10000 trials") && html.contains("1000 are drawn"));
    assert!(html.contains("A model of 1000 of 10000 values"));
    assert_sound(&html);
}
