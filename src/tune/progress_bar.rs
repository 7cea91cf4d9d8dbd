//! An observer that shows a progress bar on the terminal.

use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress::Progress;
use crate::study::{Event, Study};
use crate::trial::{Outcome, Source};

/// The interval at which the elapsed time is redrawn.
const TICK: Duration = Duration::from_millis(500);

/// Returns an observer that shows a progress bar on standard error.
///
/// The bar shows the ended, running and failed jobs, the best value and the elapsed time. If the
/// number of jobs is limited, it also shows the estimated remaining time, once a job has ended.
/// Warnings appear above the bar. Nothing is shown if standard error is not a terminal. The
/// function needs the feature `progress-bar`.
///
/// ```
/// use surmise::Tuner;
///
/// let tuner = Tuner::new().on_progress(surmise::tune::progress_bar());
/// ```
pub fn progress_bar() -> impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> {
    let bar = ProgressBar::no_length();
    let without_limit = "{spinner} {pos} jobs in {elapsed}, {msg}";
    let before_estimate = "{bar:24} {pos}/{len} jobs in {elapsed}, {msg}";
    let with_estimate = "{bar:24} {pos}/{len} jobs in {elapsed}, {eta} left, {msg}";
    let style = |template: &str| {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    };
    let (mut failed, mut is_started, mut has_estimate) = (0_usize, false, false);
    move |study, progress| {
        let max_jobs = study.settings().limits.max_jobs;
        if !is_started {
            is_started = true;
            bar.set_style(style(if max_jobs.is_some() { before_estimate } else { without_limit }));
            bar.set_message("no job has ended yet");
            if let Some(max_jobs) = max_jobs {
                bar.set_length(max_jobs as u64);
            }
            bar.enable_steady_tick(TICK);
        }
        if let Progress::Warning(text) = progress {
            bar.println(format!("warning: {text}"));
        }
        if let Progress::Recorded(Event::Told { outcome, .. }) = progress {
            failed += usize::from(matches!(outcome, Outcome::Failed(_)));
            // The first end of a job is the first estimate of the remaining time.
            if max_jobs.is_some() && !has_estimate {
                has_estimate = true;
                bar.set_style(style(with_estimate));
            }
            let proposed = study.trials().iter().filter(|trial| trial.source == Source::Study);
            let ended = proposed.filter(|trial| trial.outcome.is_some() && !trial.needs_rerun());
            bar.set_position(ended.count() as u64);
            let name = &study.objective().metric_name;
            let best = study.best().and_then(|trial| Some((trial.id, trial.value()?)));
            let mut message = match best {
                Some((trial, value)) => format!("best {name} {value:.6} (trial {trial})"),
                None => format!("no {name} yet"),
            };
            let running = study.pending().count();
            if running > 0 {
                message += &format!(", {running} running");
            }
            if failed > 0 {
                message += &format!(", {failed} failed");
            }
            bar.set_message(message);
        }
        if let Progress::Finished(reason) = progress {
            bar.abandon_with_message(reason.to_string());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
    use crate::limits::ResourceLimits;
    use crate::objective::Objective;
    use crate::space::{ParameterRange, ScalingType, SearchSpace};
    use crate::strategy::RandomSearch;
    use crate::study::StudySettings;
    use crate::tune::{StopReason, Tuner};

    #[test]
    fn progress_bar_follows_a_tuning_and_never_ends_it() {
        for max_jobs in [Some(3), None] {
            let range = ParameterRange::integer("n", 1..=5, ScalingType::Linear);
            let limits = ResourceLimits { max_jobs, ..ResourceLimits::default() };
            let settings = StudySettings { limits, ..Default::default() };
            let (space, loss) = (SearchSpace::new([range]).unwrap(), Objective::minimize("loss"));
            let mut study = Study::new(space, loss, RandomSearch, settings).unwrap();
            let second = std::time::Duration::from_secs(1);
            let mut jobs =
                SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(f64::NAN, second));
            let tuned =
                Tuner::new().on_progress(progress_bar()).run(&mut study, &mut jobs).unwrap();
            let jobs = max_jobs.unwrap_or(5);
            let limit = StopReason::JobLimit { jobs };
            let expected =
                if max_jobs.is_some() { limit } else { StopReason::SpaceExhausted { jobs } };
            assert_eq!(tuned.reason, expected);
        }
    }
}
