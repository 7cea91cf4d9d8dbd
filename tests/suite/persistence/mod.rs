//! Studies that survive the end of their process: journals, full disks and killed tuners.

#![cfg(unix)]

mod folder;

mod changed_search;
mod disk;
mod kills;
mod resuming;
mod signals;
mod surviving_programs;
