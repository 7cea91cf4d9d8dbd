//! Power that is lost, and disks that fail: a simulated disk in the place of the file.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::example::{live, study, texts};
use crate::journal::medium::Medium;
use crate::journal::record::Search;
use crate::journal::scan::scan;
use crate::journal::sink::{GROUP, Journal, Opening};
use crate::rng::Rng;

/// The smallest part that a disk writes as a whole.
const SECTOR: usize = 64;

#[derive(Debug, Default)]
struct Disk {
    /// What is there after a loss of power.
    durable: Vec<u8>,
    /// What has been written since, in its order.
    written: Vec<(usize, Vec<u8>)>,
    /// Of so many thousand calls, one fails, having done a part of its work.
    fails: usize,
    failed: usize,
    rng: Option<Rng>,
}

fn apply(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    if bytes.len() < at + part.len() {
        bytes.resize(at + part.len(), 0);
    }
    bytes[at..at + part.len()].copy_from_slice(part);
}

impl Disk {
    fn chance(&mut self) -> bool {
        let rng = self.rng.as_mut().unwrap();
        let fails = rng.index(1000) < self.fails;
        self.failed += usize::from(fails);
        fails
    }

    /// What a loss of power leaves: of what was not made durable, any sectors, and the length of the file with or without them.
    fn after_a_loss_of_power(&mut self) -> Vec<u8> {
        let mut left = self.durable.clone();
        let rng = self.rng.as_mut().unwrap();
        for (at, bytes) in &self.written {
            for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                if rng.uniform() < 0.5 {
                    apply(&mut left, at + index * SECTOR, sector);
                }
            }
        }
        left
    }
}

#[derive(Debug, Clone)]
struct Simulated(Arc<Mutex<Disk>>);

impl Simulated {
    fn new(fails: usize, rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(Disk { fails, rng: Some(rng), ..Disk::default() })))
    }
}

impl Medium for Simulated {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let fails = disk.chance();
        let length =
            if fails { disk.rng.as_mut().unwrap().index(bytes.len()) } else { bytes.len() };
        disk.written.push((usize::try_from(offset).unwrap(), bytes[..length].to_vec()));
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        if disk.chance() {
            // As Linux does: what could not be written is forgotten, and the next call succeeds.
            let rng = disk.rng.as_mut().unwrap();
            let kept = rng.index(2) == 0;
            if !kept {
                disk.written.clear();
            }
            return Err(io::Error::other("input/output error"));
        }
        for (at, bytes) in std::mem::take(&mut disk.written) {
            apply(&mut disk.durable, at, &bytes);
        }
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().durable.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn is_in_place(&mut self) -> bool {
        true
    }
}

/// A study that lives on such a disk, and at each event what would be left: never less than what was said to be durable, and never
/// anything else than what happened.
fn survives(seed: u64, fails: usize) -> usize {
    let path = Path::new("simulated");
    let disk = Simulated::new(fails, Rng::stream(seed, 1));
    let mut study = study();
    let search = Search::of(&study).unwrap();
    let new = || Journal::new(path, Box::new(disk.clone()), search.clone(), Opening::default());
    let mut attempts = 0;
    let mut journal = loop {
        // Whoever creates a journal and fails has none.
        attempts += 1;
        let rng = Some(Rng::stream(seed, 100 + attempts));
        match new() {
            Ok(journal) => break journal,
            Err(_) => *disk.0.lock().unwrap() = Disk { fails, rng, ..Disk::default() },
        }
    };
    let mut rng = Rng::stream(seed, 3);
    let mut is_grouped = Rng::stream(seed, 4);
    let mut kept = 0;
    live(&mut study, 60, &mut rng, |study| {
        if is_grouped.uniform() < 0.3 {
            // As if a second had passed.
            journal.synced -= GROUP;
        }
        let written = journal.write(study);
        // What is not said to be kept until another event comes is a report.
        if written.is_ok() && journal.lines.is_empty() {
            kept = study.events().len();
        }
        let left = disk.0.lock().unwrap().after_a_loss_of_power();
        let found = scan(path, left.as_slice()).unwrap_or_else(|error| {
            panic!("{error}, seed {seed}: {}", String::from_utf8_lossy(&left))
        });
        let events = texts(&found.events);
        assert!(events.len() >= kept, "{} of {kept} are left, seed {seed}", events.len());
        assert_eq!(events, texts(study.events())[..events.len()], "seed {seed}");
    });
    let failed = disk.0.lock().unwrap().failed;
    // When the disk works again, everything is there.
    disk.0.lock().unwrap().fails = 0;
    journal.write(&study).unwrap();
    journal.sync().unwrap();
    let disk = disk.0.lock().unwrap();
    assert_eq!(texts(&scan(path, disk.durable.as_slice()).unwrap().events), texts(study.events()));
    failed
}

#[test]
fn what_was_durable_outlives_the_power_and_nothing_else_is_believed() {
    for seed in 0..200 {
        assert_eq!(survives(seed, 0), 0);
    }
}

#[test]
fn a_disk_that_fails_now_and_then_loses_nothing_that_was_said_to_be_kept() {
    let failed: usize = (0..200).map(|seed| survives(1000 + seed, 100)).sum();
    assert!(failed > 1000, "{failed}");
}
