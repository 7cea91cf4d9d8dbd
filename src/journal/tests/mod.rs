//! Tests of journals that are torn or damaged, and that are written while disk or power fail.

mod example;

mod damage;
mod fuzz;
mod power;
