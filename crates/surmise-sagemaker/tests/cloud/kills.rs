//! Tuners that are killed at any moment, again and again, while their training jobs run on.
//!
//! `SURMISE_KILLS=40 cargo test -p surmise-sagemaker --features fake,logs --test cloud kills -- --nocapture` kills more often, and says after which events.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use surmise::journal::Journal;
use surmise::{BayesianOptimization, Order, ResourceLimits, RetryPolicy};
use surmise_sagemaker::fake::Faults;
use surmise_sagemaker::training_job_name;

use super::*;

const NAME: &str = "killed";
const JOBS: usize = 12;
const LAG: usize = 3;
/// Ten minutes of training take so many seconds less.
const TIMES: f64 = 1200.0;

/// The variable that tells a test that it is the process that is killed, and where.
const HERE: &str = "SURMISE_TEST_FOLDER";

fn begun() -> Study {
    let tuning = request(NAME, JOBS, LAG).tuning().unwrap();
    let settings = StudySettings {
        seed: 3,
        limits: ResourceLimits::new(JOBS, LAG),
        order: Order::FixedLag(LAG),
        ..Default::default()
    };
    Study::new(tuning.space, tuning.objective, BayesianOptimization::default(), settings).unwrap()
}

#[test]
fn a_tuner_that_is_killed() {
    let Some(folder) = std::env::var_os(HERE).map(PathBuf::from) else { return };
    let url = fs::read_to_string(folder.join("url")).unwrap();
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), begun()).unwrap();
    let mut jobs = SageMakerEvaluator::new(&request(NAME, JOBS, LAG), service_at(&url)).unwrap();
    jobs = jobs.with_clock(Clock::faster(TIMES));
    let rules = rules(&request(NAME, JOBS, LAG), &jobs);
    let rules = TuningRules { retries: RetryPolicy::default(), ..rules };
    Tuner::with(rules).keep_in(&mut journal).run(&mut study, &mut jobs).unwrap();
}

/// A fake in this process, and a folder for the tuners of others.
struct Tuning {
    fake: FakeSageMaker,
    folder: PathBuf,
}

impl Tuning {
    fn new(name: &str, faults: Faults) -> Self {
        let folder =
            std::env::temp_dir().join(format!("surmise-cloud-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let fake =
            fake(&FakeSettings { clock: Clock::faster(TIMES), faults, ..FakeSettings::default() });
        fs::write(folder.join("url"), fake.url()).unwrap();
        Self { fake, folder }
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("run.surmise")
    }

    fn start(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "kills::a_tuner_that_is_killed", "--nocapture"]);
        command.env(HERE, &self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().unwrap()
    }
}

impl Drop for Tuning {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}

fn last_event(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let event = text.lines().last().and_then(|line| line.split_once("\"event\":\""));
    event.and_then(|(_, rest)| rest.split_once('"')).map_or("none", |(name, _)| name).to_owned()
}

/// Kills a tuner once its journal has so many lines more, and a moment later; whether it had not ended before.
fn kill_after(tuner: &mut Child, path: &Path, more: usize, moment: Duration) -> bool {
    let target = lines(path) + more;
    let mut looks = 0;
    while tuner.try_wait().unwrap().is_none() && lines(path) < target {
        looks += 1;
        assert!(looks < 60_000, "the journal does not grow");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(moment);
    let _ = tuner.kill();
    let status = tuner.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    status.code().is_none()
}

fn trajectory(study: &Study) -> Vec<String> {
    let told = |trial: &Trial| format!("{} {:?}", trial.configuration, trial.value());
    study.trials().iter().map(told).collect()
}

#[allow(clippy::disallowed_methods, reason = "the number of kills is set from outside")]
#[allow(clippy::print_stdout, reason = "what it has tried is for them")]
#[test]
fn fault_11_a_tuner_that_is_killed_again_and_again_creates_each_training_job_once() {
    let kills: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let undisturbed = Tuning::new("undisturbed", Faults::default());
    assert!(undisturbed.start().wait().unwrap().success());
    let expected = trajectory(&Journal::read(undisturbed.journal()).unwrap());
    assert_eq!(expected.len(), JOBS);

    let mut after: BTreeMap<String, usize> = BTreeMap::new();
    let mut rng = surmise::rng::Rng::stream(1, 1);
    let mut tunings = 0;
    while after.values().sum::<usize>() < kills {
        tunings += 1;
        assert!(tunings < 100, "tunings end before they are killed");
        // Every other service loses requests and replies, and fails some training jobs itself.
        let faults = Faults {
            lost_replies: 0.1,
            lost_requests: 0.05,
            throttled: 0.05,
            failed_by_service: 0.1,
            ..Faults::default()
        };
        let faults = if tunings % 2 == 0 { faults } else { Faults::default() };
        let tuning = Tuning::new(&format!("killed-{tunings}"), faults);
        for _ in 0..6 {
            let moment = Duration::from_micros(rng.index(20_000) as u64);
            if !kill_after(&mut tuning.start(), &tuning.journal(), rng.index(8), moment) {
                break;
            }
            *after.entry(last_event(&tuning.journal())).or_default() += 1;
        }
        assert!(tuning.start().wait().unwrap().success());
        let study = Journal::read(tuning.journal()).unwrap();
        assert_eq!(trajectory(&study), expected, "tuning {tunings}");
        // Each attempt once, and nothing else.
        let attempts = |trial: &Trial| {
            let number = trial.id.0;
            (1..=trial.attempt()).map(move |attempt| training_job_name(NAME, number, attempt))
        };
        let wanted: BTreeMap<_, _> =
            study.trials().iter().flat_map(attempts).map(|name| (name, 1)).collect();
        assert_eq!(tuning.fake.creations(), wanted, "tuning {tunings}");
        assert!(tuning.fake.most_at_once() <= LAG);
    }
    println!("{} kills in {tunings} tunings, after {after:?}", after.values().sum::<usize>());
}
