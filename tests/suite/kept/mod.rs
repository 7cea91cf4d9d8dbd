//! Studies that outlive their process: journals, disks that fail, tuners that are killed.

#![cfg(unix)]

mod folder;

mod changed;
mod disk;
mod going_on;
mod kills;
mod lasting;
mod signals;
