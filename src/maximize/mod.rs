//! Maximizes a function over the unit cube, with continuous and discrete axes.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | a(x) | the function, a [`BatchFunction`] evaluated in batches | – |
//! | ℓ | length scales of the axes; L-BFGS works in x ⁄ ℓ | d |
//!
//! 1. A finite cube of at most 10,000 cells is enumerated, so the result is exact.
//! 2. Otherwise, many candidates are evaluated in one batch (`candidates`): quasi-random points,
//!    the anchors, and perturbed anchors.
//! 3. The best candidate, and a random choice of distant candidates with large values, start L-BFGS
//!    runs over the smooth axes. All runs advance in lock-step, with one batched evaluation per
//!    iteration (`ascent`).
//! 4. Each result then moves to its best neighbor along one discrete axis at a time. All
//!    neighborhoods are evaluated in one batch (`exchange`). Steps 3 and 4 repeat while they
//!    improve the value.
//! 5. The best point may be forbidden. Then the neighborhoods of points that are at least as good
//!    as the best allowed point are also evaluated (`search_near_forbidden`). This ends when no
//!    such point is left, or after 16 rounds.
//!
//! The final values are those of snapped points, because only snapped points can be run. A
//! forbidden point is never returned.

mod problem;

mod ascent;
mod candidates;

mod exchange;

mod search;

pub use self::problem::{BatchFunction, Moves, ScoredPoint, SearchDomain};
pub use self::search::maximize;

#[cfg(test)]
mod tests;
