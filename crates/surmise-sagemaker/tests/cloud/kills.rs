//! Tuners that are killed repeatedly, at random moments, while their training jobs continue.
//!
//! `SURMISE_KILLS=40 cargo test -p surmise-sagemaker --features fake,logs --test cloud kills --
//! --nocapture` kills more often, and prints after which events.

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
/// The factor by which the clock is faster than real time.
const SPEEDUP: f64 = 1200.0;

/// The environment variable by which the killed process finds its folder.
const FOLDER_VARIABLE: &str = "SURMISE_TEST_FOLDER";

fn new_study() -> Study {
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
fn subprocess_tuner() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from) else { return };
    let url = fs::read_to_string(folder.join("url")).unwrap();
    let (mut study, mut journal) =
        Journal::resume(folder.join("run.surmise"), new_study()).unwrap();
    let mut jobs = SageMakerEvaluator::new(&request(NAME, JOBS, LAG), service_at(&url)).unwrap();
    jobs = jobs.with_clock(Clock::accelerated(SPEEDUP));
    let rules = rules(&request(NAME, JOBS, LAG), &jobs);
    let rules = TuningRules { retries: RetryPolicy::default(), ..rules };
    Tuner::with_rules(rules).journal_to(&mut journal).run(&mut study, &mut jobs).unwrap();
}

/// A fake in this process, and a folder for the tuner in another process.
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
        let fake = fake(&FakeSettings {
            clock: Clock::accelerated(SPEEDUP),
            faults,
            ..FakeSettings::default()
        });
        fs::write(folder.join("url"), fake.url()).unwrap();
        Self { fake, folder }
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("run.surmise")
    }

    fn start(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "kills::subprocess_tuner", "--nocapture"]);
        command.env(FOLDER_VARIABLE, &self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().unwrap()
    }
}

impl Drop for Tuning {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn line_count(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}

fn last_event(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let event = text.lines().last().and_then(|line| line.split_once("\"event\":\""));
    event.and_then(|(_, rest)| rest.split_once('"')).map_or("none", |(name, _)| name).to_owned()
}

/// Kills a tuner once its journal has `more` further lines and `delay` has passed. Returns whether
/// the tuner was still running.
fn kill_after(tuner: &mut Child, path: &Path, more: usize, delay: Duration) -> bool {
    let target = line_count(path) + more;
    let mut polls = 0;
    while tuner.try_wait().unwrap().is_none() && line_count(path) < target {
        polls += 1;
        assert!(polls < 60_000, "the journal does not grow");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(delay);
    let _ = tuner.kill();
    let status = tuner.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    status.code().is_none()
}

fn results(study: &Study) -> Vec<String> {
    let describe = |trial: &Trial| format!("{} {:?}", trial.configuration, trial.value());
    study.trials().iter().map(describe).collect()
}

#[allow(clippy::disallowed_methods, reason = "the number of kills is an option of this test")]
#[allow(clippy::print_stdout, reason = "it reports the kills")]
#[test]
fn fault_11_a_repeatedly_killed_tuner_creates_each_training_job_once() {
    let kills: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let uninterrupted = Tuning::new("undisturbed", Faults::default());
    assert!(uninterrupted.start().wait().unwrap().success());
    let expected = results(&Journal::read(uninterrupted.journal()).unwrap());
    assert_eq!(expected.len(), JOBS);

    let mut after: BTreeMap<String, usize> = BTreeMap::new();
    let mut rng = surmise::rng::Rng::stream(1, 1);
    let mut tunings = 0;
    while after.values().sum::<usize>() < kills {
        tunings += 1;
        assert!(tunings < 100, "tunings end before they are killed");
        // Every second service loses requests and replies, and fails some training jobs.
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
            let delay = Duration::from_micros(rng.index(20_000) as u64);
            if !kill_after(&mut tuning.start(), &tuning.journal(), rng.index(8), delay) {
                break;
            }
            *after.entry(last_event(&tuning.journal())).or_default() += 1;
        }
        assert!(tuning.start().wait().unwrap().success());
        let study = Journal::read(tuning.journal()).unwrap();
        assert_eq!(results(&study), expected, "tuning {tunings}");
        // Exactly the recorded attempts were created, each one once.
        let attempts = |trial: &Trial| {
            let number = trial.id.0;
            (1..=trial.attempt()).map(move |attempt| training_job_name(NAME, number, attempt))
        };
        let wanted: BTreeMap<_, _> =
            study.trials().iter().flat_map(attempts).map(|name| (name, 1)).collect();
        assert_eq!(tuning.fake.creation_counts(), wanted, "tuning {tunings}");
        assert!(tuning.fake.max_concurrent_jobs() <= LAG);
    }
    println!("{} kills in {tunings} tunings, after {after:?}", after.values().sum::<usize>());
}
