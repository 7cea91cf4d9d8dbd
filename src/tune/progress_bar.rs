//! A progress bar on the terminal, as an observer.

use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress::Progress;
use crate::study::{Event, Study};
use crate::trial::{Outcome, Source};

/// How often the clock moves.
const TICK: Duration = Duration::from_millis(500);

/// An observer that shows a line on standard error: jobs that ended, run and failed, the best value, the time, and how much of it is left once a
/// job has ended. The clock goes on between ends of jobs. Warnings stand above it. Where no terminal is, nothing.
///
/// Wants the feature `progress-bar`.
pub fn progress_bar() -> impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> {
    let bar = ProgressBar::no_length();
    let plain = "{spinner} {pos} jobs in {elapsed}, {msg}";
    let begun = "{bar:24} {pos}/{len} jobs in {elapsed}, {msg}";
    let counted = "{bar:24} {pos}/{len} jobs in {elapsed}, {eta} left, {msg}";
    let style = |template: &str| {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    };
    let (mut failed, mut is_set, mut has_estimate) = (0_usize, false, false);
    move |study, progress| {
        let most = study.settings().limits.max_jobs;
        if !is_set {
            is_set = true;
            bar.set_style(style(if most.is_some() { begun } else { plain }));
            bar.set_message("none has ended yet");
            if let Some(most) = most {
                bar.set_length(most as u64);
            }
            bar.enable_steady_tick(TICK);
        }
        if let Progress::Warning(text) = progress {
            bar.println(format!("warning: {text}"));
        }
        if let Progress::Recorded(Event::Told { outcome, .. }) = progress {
            failed += usize::from(matches!(outcome, Outcome::Failed(_)));
            // Before an end there is nothing to estimate from.
            if most.is_some() && !has_estimate {
                has_estimate = true;
                bar.set_style(style(counted));
            }
            let own = study.trials().iter().filter(|trial| trial.source == Source::Own);
            let jobs = own.filter(|trial| trial.outcome.is_some() && !trial.was_cut_off());
            bar.set_position(jobs.count() as u64);
            let name = &study.objective().metric_name;
            let best = study.best().and_then(|trial| Some((trial.id, trial.value()?)));
            let mut message = match best {
                Some((trial, value)) => format!("best {name} {value:.6} (trial {trial})"),
                None => format!("no {name} yet"),
            };
            let running = study.pending().count();
            if running > 0 {
                message += &format!(", {running} under way");
            }
            if failed > 0 {
                message += &format!(", {failed} failed");
            }
            bar.set_message(message);
        }
        if let Progress::Over(reason) = progress {
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
    fn it_follows_a_tuning_to_its_end_and_never_breaks_it() {
        for max_jobs in [Some(3), None] {
            let range = ParameterRange::integer("n", 1..=5, ScalingType::Linear);
            let limits = ResourceLimits { max_jobs, ..ResourceLimits::default() };
            let settings = StudySettings { limits, ..Default::default() };
            let (space, loss) = (SearchSpace::new([range]).unwrap(), Objective::minimize("loss"));
            let mut study = Study::new(space, loss, RandomSearch, settings).unwrap();
            let second = std::time::Duration::from_secs(1);
            let mut jobs =
                SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(f64::NAN, second));
            let tuned = Tuner::new().observe(progress_bar()).run(&mut study, &mut jobs).unwrap();
            let jobs = max_jobs.unwrap_or(5);
            let limit = StopReason::JobLimit { jobs };
            let wanted =
                if max_jobs.is_some() { limit } else { StopReason::SpaceExhausted { jobs } };
            assert_eq!(tuned.reason, wanted);
        }
    }
}
