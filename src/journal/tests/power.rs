//! Power failures and disk errors, on a simulated disk in place of the file.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::example::{event_texts, new_study, simulate_study};
use crate::journal::record::SearchDescription;
use crate::journal::scan::scan;
use crate::journal::storage::Storage;
use crate::journal::writer::{Journal, OpenSummary, SYNC_INTERVAL};
use crate::rng::Rng;

/// The smallest part that a disk writes atomically, in bytes.
const SECTOR: usize = 64;

#[derive(Debug, Default)]
struct Disk {
    /// The bytes that survive a power failure.
    durable: Vec<u8>,
    /// The writes since the last sync, in their order: offset and bytes.
    written: Vec<(usize, Vec<u8>)>,
    /// The average number of calls in a thousand that fail after a part of their work.
    failure_rate: usize,
    failed_calls: usize,
    rng: Option<Rng>,
}

fn apply(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    if bytes.len() < at + part.len() {
        bytes.resize(at + part.len(), 0);
    }
    bytes[at..at + part.len()].copy_from_slice(part);
}

impl Disk {
    fn draw_failure(&mut self) -> bool {
        let rng = self.rng.as_mut().unwrap();
        let fails = rng.index(1000) < self.failure_rate;
        self.failed_calls += usize::from(fails);
        fails
    }

    /// Returns what a power failure may leave: any sectors of the unsynchronized writes.
    fn after_power_failure(&mut self) -> Vec<u8> {
        let mut remaining = self.durable.clone();
        let rng = self.rng.as_mut().unwrap();
        for (at, bytes) in &self.written {
            for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                if rng.uniform() < 0.5 {
                    apply(&mut remaining, at + index * SECTOR, sector);
                }
            }
        }
        remaining
    }
}

#[derive(Debug, Clone)]
struct SimulatedDisk(Arc<Mutex<Disk>>);

impl SimulatedDisk {
    fn new(failure_rate: usize, rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(Disk { failure_rate, rng: Some(rng), ..Disk::default() })))
    }
}

impl Storage for SimulatedDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let fails = disk.draw_failure();
        let length =
            if fails { disk.rng.as_mut().unwrap().index(bytes.len()) } else { bytes.len() };
        disk.written.push((usize::try_from(offset).unwrap(), bytes[..length].to_vec()));
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        if disk.draw_failure() {
            // As on Linux: unwritten bytes may be discarded, and the next call succeeds.
            let rng = disk.rng.as_mut().unwrap();
            let are_writes_kept = rng.index(2) == 0;
            if !are_writes_kept {
                disk.written.clear();
            }
            return Err(io::Error::other("input/output error"));
        }
        for (at, bytes) in std::mem::take(&mut disk.written) {
            apply(&mut disk.durable, at, &bytes);
        }
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().durable.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn is_path_current(&mut self) -> bool {
        true
    }
}

/// Writes a study to a failing disk, and checks after each event what a power failure would leave.
///
/// It must never be fewer events than were said to be durable, and never other events. Returns the
/// number of failed calls.
fn check_survival(seed: u64, failure_rate: usize) -> usize {
    let path = Path::new("simulated");
    let disk = SimulatedDisk::new(failure_rate, Rng::stream(seed, 1));
    let mut study = new_study();
    let search = SearchDescription::from_study(&study).unwrap();
    let create =
        || Journal::new(path, Box::new(disk.clone()), search.clone(), OpenSummary::default());
    let mut attempts = 0;
    let mut journal = loop {
        // A failed creation leaves no journal.
        attempts += 1;
        let rng = Some(Rng::stream(seed, 100 + attempts));
        match create() {
            Ok(journal) => break journal,
            Err(_) => *disk.0.lock().unwrap() = Disk { failure_rate, rng, ..Disk::default() },
        }
    };
    let mut rng = Rng::stream(seed, 3);
    let mut delay_rng = Rng::stream(seed, 4);
    let mut durable_count = 0;
    simulate_study(&mut study, 60, &mut rng, |study| {
        if delay_rng.uniform() < 0.3 {
            // This acts as if a second had passed.
            journal.synced_at -= SYNC_INTERVAL;
        }
        let written = journal.write(study);
        // Only reports may stay unsynchronized until another event comes.
        if written.is_ok() && journal.unsynced.is_empty() {
            durable_count = study.events().len();
        }
        let remaining = disk.0.lock().unwrap().after_power_failure();
        let found = scan(path, remaining.as_slice()).unwrap_or_else(|error| {
            panic!("{error}, seed {seed}: {}", String::from_utf8_lossy(&remaining))
        });
        let events = event_texts(&found.events);
        assert!(
            events.len() >= durable_count,
            "{} of {durable_count} are left, seed {seed}",
            events.len()
        );
        assert_eq!(events, event_texts(study.events())[..events.len()], "seed {seed}");
    });
    let failed_calls = disk.0.lock().unwrap().failed_calls;
    // Once the disk works again, all events are there.
    disk.0.lock().unwrap().failure_rate = 0;
    journal.write(&study).unwrap();
    journal.sync().unwrap();
    let disk = disk.0.lock().unwrap();
    assert_eq!(
        event_texts(&scan(path, disk.durable.as_slice()).unwrap().events),
        event_texts(study.events())
    );
    failed_calls
}

#[test]
fn durable_events_survive_power_failures_and_only_they_count() {
    for seed in 0..200 {
        assert_eq!(check_survival(seed, 0), 0);
    }
}

#[test]
fn durable_events_survive_a_disk_that_fails_occasionally() {
    let failed: usize = (0..200).map(|seed| check_survival(1000 + seed, 100)).sum();
    assert!(failed > 1000, "{failed}");
}
