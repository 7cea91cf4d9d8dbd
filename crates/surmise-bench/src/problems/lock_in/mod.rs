//! Families of problems that lock a search in: it settles on one choice, basin or plateau too soon.
//!
//! Each family draws a problem from a number, the instance: its ranges, the places and depths of
//! its minima, rotations, the order of categories, the unit and the offset of its values. The
//! optimum is known by construction.
//!
//! | family | what is drawn |
//! | --- | --- |
//! | [`choices`] | 2 to 8 choices, each with its own best place and level, over 2 to 6 parameters, some of which have no effect under some choices |
//! | [`basins`] | 2 to 5 basins of nearly equal depth, narrow and wide |
//! | [`plateau`] | equal values except in a region of 3 to 10 % of the space |
//! | [`stairs`] | 4 to 12 levels, and equal values between them |
//! | [`idle`] | 2 or 3 parameters with an effect, 4 to 8 without |
//! | [`ends`] | an optimum at ends of ranges, and a decoy inside |
//! | [`noise`] | one of the families above with noise: normal, varying, or with heavy tails |
//! | [`corners`] | basins with a failing region beside the optimum |
//!
//! A random number decides, not an adversary: the choice or basin with the optimum may also be the
//! one that looks good first.

mod ranges;

mod landscape;

mod families;

mod chance;

pub use self::chance::{corners, noise};
pub use self::families::{basins, choices, ends, idle, plateau, stairs};

#[cfg(test)]
mod tests;
