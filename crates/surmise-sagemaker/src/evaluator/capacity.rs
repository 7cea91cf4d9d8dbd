//! Learns from refusals how many training jobs may run at once, and which instances are available.

use std::time::Duration;

use super::rate_limits::BackoffTimer;
use surmise::rng::Rng;

/// Backoff after a refusal for a quota: the first delay and the maximum, in seconds.
const QUOTA_BACKOFF: (f64, f64) = (15.0, 300.0);
/// How long an instance option is avoided after the service had no such instances.
const SHORTAGE_DELAY: Duration = Duration::from_secs(1800);
/// How long an instance option is avoided whose quota is used up by other jobs of the account.
const FULL_QUOTA_DELAY: Duration = Duration::from_secs(300);

/// The capacity of the account, as far as refusals have shown it.
///
/// The number of jobs is unlimited until one is refused. Then it is the number of jobs that were
/// running, and after each delay one more is tried. An *instance option* is an index into the
/// alternatives of `InstanceConfigs`.
#[derive(Debug)]
pub(super) struct Capacity {
    max_jobs: Option<usize>,
    /// The delay until one more job is tried.
    backoff: BackoffTimer,
    /// For each instance option: until when it is avoided.
    avoided_until: Vec<Duration>,
    /// For each instance option: why it is permanently unavailable, if it is.
    exclusions: Vec<Option<String>>,
    rng: Rng,
}

impl Capacity {
    pub(super) fn new(option_count: usize, seed: u64) -> Self {
        Self {
            max_jobs: None,
            backoff: BackoffTimer::new(QUOTA_BACKOFF.0, QUOTA_BACKOFF.1),
            avoided_until: vec![Duration::ZERO; option_count],
            exclusions: vec![None; option_count],
            rng: Rng::stream(seed, 1),
        }
    }

    /// Returns how long to wait before another job is tried, while `running` jobs are running.
    pub(super) fn wait_time(&self, running: usize, now: Duration) -> Duration {
        let is_full = self.max_jobs.is_some_and(|max| running >= max);
        if is_full { self.backoff.remaining(now) } else { Duration::ZERO }
    }

    /// Records that a job was refused while `running` jobs were running.
    pub(super) fn record_refusal(&mut self, running: usize, now: Duration) {
        self.max_jobs = Some(running);
        self.backoff.extend(now, &mut self.rng);
    }

    /// Records that a job was accepted while `running` jobs were running.
    pub(super) fn record_success(&mut self, running: usize, now: Duration) {
        if self.max_jobs.is_some_and(|max| running >= max) {
            self.max_jobs = Some(running + 1);
            self.backoff.reset();
            self.backoff.extend(now, &mut self.rng);
        }
    }

    /// Returns how many jobs may run at once, if a refusal has shown it.
    pub(super) fn limit(&self) -> Option<usize> {
        self.max_jobs
    }

    /// Returns the instance option to request: the first that is not avoided, otherwise the one
    /// that has been avoided for longest.
    pub(super) fn preferred_option(&self, now: Duration) -> usize {
        let possible = || {
            let all = self.avoided_until.iter().enumerate();
            all.filter(|(index, _)| self.exclusions.get(*index).is_none_or(Option::is_none))
        };
        let available = possible().find(|(_, until)| **until <= now);
        let chosen = available.or_else(|| possible().min_by_key(|(_, until)| **until));
        chosen.map_or(0, |(index, _)| index)
    }

    /// Records that the service had no instances of an option.
    pub(super) fn record_shortage(&mut self, option: usize, now: Duration) {
        self.avoid(option, now, SHORTAGE_DELAY);
    }

    /// Records that the quota for an option is used up by other jobs of the account.
    pub(super) fn record_full_quota(&mut self, option: usize, now: Duration) {
        self.avoid(option, now, FULL_QUOTA_DELAY);
    }

    fn avoid(&mut self, option: usize, now: Duration, delay: Duration) {
        if let Some(until) = self.avoided_until.get_mut(option) {
            *until = now.saturating_add(delay);
        }
    }

    /// Excludes an instance option that is permanently unavailable. Returns the reasons of all
    /// options once all are excluded.
    pub(super) fn exclude(&mut self, option: usize, reason: &str) -> Option<String> {
        if let Some(exclusion) = self.exclusions.get_mut(option) {
            *exclusion = Some(reason.to_owned());
        }
        let all: Option<Vec<String>> = self.exclusions.iter().cloned().collect();
        let mut all = all?;
        all.dedup();
        Some(if all.is_empty() { reason.to_owned() } else { all.join("; ") })
    }

    /// Returns whether an instance option other than `option` is available.
    pub(super) fn has_alternative_to(&self, option: usize, now: Duration) -> bool {
        let all = self.avoided_until.iter().zip(&self.exclusions).enumerate();
        let mut alternatives = all.filter(|(index, _)| *index != option);
        alternatives.any(|(_, (until, exclusion))| *until <= now && exclusion.is_none())
    }

    /// Returns whether any instance option is available.
    pub(super) fn has_available_option(&self, now: Duration) -> bool {
        self.has_alternative_to(usize::MAX, now)
    }
}

/// Parses a refusal for a quota: the number of instances allowed, and the number requested.
pub(super) fn parse_quota(message: &str) -> Option<(u64, u64)> {
    let number = |before: &str| {
        let text = message.split(before).nth(1)?;
        text.split_whitespace().next()?.parse().ok()
    };
    Some((number("' is ").or_else(|| number(" is "))?, number("request delta of ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_job_limit_follows_refusals_and_grows_after_delays() {
        let mut capacity = Capacity::new(1, 0);
        assert_eq!(capacity.wait_time(1000, SECOND), Duration::ZERO);
        capacity.record_refusal(3, SECOND);
        assert!(capacity.wait_time(3, SECOND) >= SECOND, "full");
        assert_eq!(capacity.wait_time(2, SECOND), Duration::ZERO, "one has ended");
        let later = SECOND + capacity.wait_time(3, SECOND);
        assert_eq!(capacity.wait_time(3, later), Duration::ZERO);
        capacity.record_refusal(3, later);
        assert!(capacity.wait_time(3, later) > 14 * SECOND, "longer than before");
        let later = later + capacity.wait_time(3, later);
        capacity.record_success(3, later);
        assert!(capacity.wait_time(4, later) > Duration::ZERO, "four, and no more for now");
    }

    #[test]
    fn instance_options_are_avoided_for_a_while_after_a_shortage() {
        let mut capacity = Capacity::new(3, 0);
        assert_eq!(capacity.preferred_option(SECOND), 0);
        capacity.record_shortage(0, SECOND);
        assert_eq!(capacity.preferred_option(SECOND), 1);
        capacity.record_shortage(1, 2 * SECOND);
        capacity.record_shortage(2, 3 * SECOND);
        assert!(!capacity.has_available_option(3 * SECOND));
        assert_eq!(capacity.preferred_option(3 * SECOND), 0, "avoided for longest");
        assert_eq!(capacity.preferred_option(3 * SECOND + SHORTAGE_DELAY), 0, "preferred again");
    }

    #[test]
    fn excluded_instance_options_are_not_requested() {
        let mut capacity = Capacity::new(2, 0);
        assert_eq!(capacity.exclude(0, "its quota is 0"), None);
        assert_eq!(capacity.preferred_option(SECOND), 1);
        capacity.record_shortage(1, SECOND);
        assert_eq!(capacity.preferred_option(2 * SECOND), 1, "it may be available again");
        assert!(!capacity.has_available_option(2 * SECOND));
        let all = capacity.exclude(1, "the region does not have it");
        assert_eq!(all.as_deref(), Some("its quota is 0; the region does not have it"));
    }

    #[test]
    fn quotas_are_parsed_from_refusals() {
        for (text, expected) in [
            (
                "The account-level service limit 'ml.m5.xlarge for training job usage' is 4 \
                 Instances, with current utilization of 3 Instances and a request delta of 2 \
                 Instances. Please …",
                Some((4, 2)),
            ),
            (
                "The account-level service limit for training-job/ml.p2.xlarge is 0 Instances, \
                 with current utilization of 0 Instances and a request delta of 1 Instances.",
                Some((0, 1)),
            ),
            (
                "The requested resource training-job/ml.t3.medium is not available in this region",
                None,
            ),
        ] {
            assert_eq!(parse_quota(text), expected, "{text}");
        }
    }
}
