//! What becomes of journals that are torn, damaged, and written while disk and power fail.

mod example;

mod damage;
mod fuzz;
mod power;
