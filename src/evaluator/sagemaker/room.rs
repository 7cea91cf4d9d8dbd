//! How many training jobs an account has room for, as far as refusals have taught it; and what machines there are.

use std::time::Duration;

use super::pace::Pause;
use crate::rng::Rng;

/// The first pause after a refusal and the longest, in seconds.
const PAUSE: (f64, f64) = (15.0, 300.0);
/// For how long machines are not asked for that there were none of.
const SHORTAGE: Duration = Duration::from_secs(1800);

/// Room for jobs: unlimited until one is refused, then as much as there was, and one more now and then.
#[derive(Debug)]
pub(super) struct Room {
    most: Option<usize>,
    /// How long it is until one more is tried.
    pause: Pause,
    /// Until when each of the machines that will do is not to be had.
    shortages: Vec<Duration>,
    rng: Rng,
}

impl Room {
    pub(super) fn new(machines: usize, seed: u64) -> Self {
        let shortages = vec![Duration::ZERO; machines];
        let pause = Pause::new(PAUSE.0, PAUSE.1);
        Self { most: None, pause, shortages, rng: Rng::stream(seed, 1) }
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
        let free = self.shortages.iter().position(|until| *until <= now);
        let soonest = || {
            let soonest = self.shortages.iter().enumerate().min_by_key(|(_, until)| **until);
            soonest.map(|(index, _)| index)
        };
        free.or_else(soonest).unwrap_or(0)
    }

    /// There were no machines of this kind.
    pub(super) fn lacks(&mut self, machines: usize, now: Duration) {
        if let Some(until) = self.shortages.get_mut(machines) {
            *until = now.saturating_add(SHORTAGE);
        }
    }

    /// Whether there are machines to try besides these.
    pub(super) fn has_others_than(&self, machines: usize, now: Duration) -> bool {
        let mut others = self.shortages.iter().enumerate().filter(|(index, _)| *index != machines);
        others.any(|(_, until)| *until <= now)
    }

    /// Whether there are other machines to try.
    pub(super) fn has_others(&self, now: Duration) -> bool {
        self.shortages.iter().any(|until| *until <= now)
    }
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
}
