//! How many training jobs an account has room for, as far as refusals have taught it; and what machines there are.

use std::time::Duration;

use super::pace::Pause;
use surmise::rng::Rng;

/// The first pause after a refusal and the longest, in seconds.
const PAUSE: (f64, f64) = (15.0, 300.0);
/// For how long machines are not asked for that there were none of.
const SHORTAGE: Duration = Duration::from_secs(1800);
/// For how long machines are not asked for whose quota others have used up.
const FULL: Duration = Duration::from_secs(300);

/// Room for jobs: unlimited until one is refused, then as much as there was, and one more now and then.
#[derive(Debug)]
pub(super) struct Room {
    most: Option<usize>,
    /// How long it is until one more is tried.
    pause: Pause,
    /// Until when each of the machines that will do is not to be had.
    shortages: Vec<Duration>,
    /// Why each of them never is, as far as is known.
    refusals: Vec<Option<String>>,
    rng: Rng,
}

impl Room {
    pub(super) fn new(machines: usize, seed: u64) -> Self {
        let shortages = vec![Duration::ZERO; machines];
        let pause = Pause::new(PAUSE.0, PAUSE.1);
        let refusals = vec![None; machines];
        Self { most: None, pause, shortages, refusals, rng: Rng::stream(seed, 1) }
    }

    /// How long it is until another job may be tried, while `live` run.
    pub(super) fn wait(&self, live: usize, now: Duration) -> Duration {
        let is_full = self.most.is_some_and(|most| live >= most);
        if is_full { self.pause.left(now) } else { Duration::ZERO }
    }

    /// A job was refused while `live` ran.
    pub(super) fn refused(&mut self, live: usize, now: Duration) {
        self.most = Some(live);
        self.pause.lengthen(now, &mut self.rng);
    }

    /// A job was taken on while `live` ran.
    pub(super) fn admitted(&mut self, live: usize, now: Duration) {
        if self.most.is_some_and(|most| live >= most) {
            self.most = Some(live + 1);
            self.pause.end();
            self.pause.lengthen(now, &mut self.rng);
        }
    }

    /// So many jobs may run at once, as far as is known.
    pub(super) fn most(&self) -> Option<usize> {
        self.most
    }

    /// Which machines to ask for: the first that are not known to be missing, else those that have been missing for longest.
    pub(super) fn machines(&self, now: Duration) -> usize {
        let possible = || {
            let all = self.shortages.iter().enumerate();
            all.filter(|(index, _)| self.refusals.get(*index).is_none_or(Option::is_none))
        };
        let free = possible().find(|(_, until)| **until <= now);
        let chosen = free.or_else(|| possible().min_by_key(|(_, until)| **until));
        chosen.map_or(0, |(index, _)| index)
    }

    /// There were no machines of this kind.
    pub(super) fn lacks(&mut self, machines: usize, now: Duration) {
        self.is_missing(machines, now, SHORTAGE);
    }

    /// A quota for machines of this kind is used up, and not by jobs of one's own.
    pub(super) fn is_full(&mut self, machines: usize, now: Duration) {
        self.is_missing(machines, now, FULL);
    }

    fn is_missing(&mut self, machines: usize, now: Duration, pause: Duration) {
        if let Some(until) = self.shortages.get_mut(machines) {
            *until = now.saturating_add(pause);
        }
    }

    /// There will never be machines of this kind, for this reason. The reasons of all, if there are no others.
    pub(super) fn never(&mut self, machines: usize, why: &str) -> Option<String> {
        if let Some(refusal) = self.refusals.get_mut(machines) {
            *refusal = Some(why.to_owned());
        }
        let all: Option<Vec<String>> = self.refusals.iter().cloned().collect();
        let mut all = all?;
        all.dedup();
        Some(if all.is_empty() { why.to_owned() } else { all.join("; ") })
    }

    /// Whether there are machines to try besides these.
    pub(super) fn has_others_than(&self, machines: usize, now: Duration) -> bool {
        let all = self.shortages.iter().zip(&self.refusals).enumerate();
        let mut others = all.filter(|(index, _)| *index != machines);
        others.any(|(_, (until, refusal))| *until <= now && refusal.is_none())
    }

    /// Whether there are machines to try.
    pub(super) fn has_others(&self, now: Duration) -> bool {
        self.has_others_than(usize::MAX, now)
    }
}

/// What a refusal for a quota says: how many instances there may be, and how many were wanted.
pub(super) fn quota(message: &str) -> Option<(u64, u64)> {
    let number = |before: &str| {
        let rest = message.split(before).nth(1)?;
        rest.split_whitespace().next()?.parse().ok()
    };
    Some((number("' is ").or_else(|| number(" is "))?, number("request delta of ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn refusals_teach_how_many_there_may_be_and_pauses_let_one_more_be_tried() {
        let mut room = Room::new(1, 0);
        assert_eq!(room.wait(1000, SECOND), Duration::ZERO);
        room.refused(3, SECOND);
        assert!(room.wait(3, SECOND) >= SECOND, "full");
        assert_eq!(room.wait(2, SECOND), Duration::ZERO, "one has ended");
        let later = SECOND + room.wait(3, SECOND);
        assert_eq!(room.wait(3, later), Duration::ZERO);
        room.refused(3, later);
        assert!(room.wait(3, later) > 14 * SECOND, "longer than before");
        let later = later + room.wait(3, later);
        room.admitted(3, later);
        assert!(room.wait(4, later) > Duration::ZERO, "four, and no more for now");
    }

    #[test]
    fn machines_that_are_missing_are_passed_over_for_a_while() {
        let mut room = Room::new(3, 0);
        assert_eq!(room.machines(SECOND), 0);
        room.lacks(0, SECOND);
        assert_eq!(room.machines(SECOND), 1);
        room.lacks(1, 2 * SECOND);
        room.lacks(2, 3 * SECOND);
        assert!(!room.has_others(3 * SECOND));
        assert_eq!(room.machines(3 * SECOND), 0, "the one that was missing first");
        assert_eq!(room.machines(3 * SECOND + SHORTAGE), 0, "preferred again");
    }

    #[test]
    fn machines_that_never_will_be_are_not_asked_for() {
        let mut room = Room::new(2, 0);
        assert_eq!(room.never(0, "its quota is 0"), None);
        assert_eq!(room.machines(SECOND), 1);
        room.lacks(1, SECOND);
        assert_eq!(room.machines(2 * SECOND), 1, "it may be there again");
        assert!(!room.has_others(2 * SECOND));
        let all = room.never(1, "the region does not have it");
        assert_eq!(all.as_deref(), Some("its quota is 0; the region does not have it"));
    }

    #[test]
    fn a_refusal_for_a_quota_is_read() {
        for (text, wanted) in [
            (
                "The account-level service limit 'ml.m5.xlarge for training job usage' is 4 Instances, with current utilization of 3 Instances and a request delta of 2 Instances. Please …",
                Some((4, 2)),
            ),
            (
                "The account-level service limit for training-job/ml.p2.xlarge is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances.",
                Some((0, 1)),
            ),
            (
                "The requested resource training-job/ml.t3.medium is not available in this region",
                None,
            ),
        ] {
            assert_eq!(quota(text), wanted, "{text}");
        }
    }
}
