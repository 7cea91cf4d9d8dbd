//! Maximizes a function over the cube, continuous and discrete axes together.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | a(x) | the function, a [`Landscape`] evaluated in batches | – |
//! | ℓ | scales of the axes; L-BFGS works in x ⁄ ℓ, and distances between starts are taken there | d |
//!
//! 1. A finite cube of at most 10,000 cells is enumerated: the result is exact.
//! 2. Otherwise many raw candidates are scored at once (`candidates`): quasi-random ones, and neighbours of good points.
//! 3. The best and a random choice of good and distinct ones start L-BFGS runs over the smooth axes, advanced in lock-step,
//!    one batched evaluation per iteration (`ascent`).
//! 4. Every iterate then moves to its best neighbour along one discrete axis at a time, all neighbourhoods being scored at
//!    once; both repeat while they gain (`exchange`).
//!
//! 5. Where a forbidden point is the best of what was found, the neighbourhoods of all points that are better than the best allowed one
//!    are scored, too, until none of them is left (`beside_forbidden`): what is allowed next to it is then found.
//!
//! What is scored in the end is what will be run: snapped points. Forbidden points are never returned.

mod landscape;

mod ascent;
mod candidates;

mod exchange;

mod search;

pub use self::landscape::{Landscape, Moves, Scored, Search};
pub use self::search::maximize;

#[cfg(test)]
mod tests;
