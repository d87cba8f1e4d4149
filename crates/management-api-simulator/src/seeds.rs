//! Seeded randomness: the same seed and label give the same numbers on every machine.

use std::cell::RefCell;
use std::collections::HashMap;

use rand::{SeedableRng, rngs::StdRng};

/// A random number generator for one purpose, which the label names.
pub(crate) fn seeded(seed: u64, label: &[&str]) -> StdRng {
    StdRng::seed_from_u64(seed ^ fingerprint(label))
}

/// FNV-1a over the parts, because the standard library's hasher guarantees no stable values.
fn fingerprint(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Random numbers that a seed reproduces.
///
/// A number depends on the seed, on the decision's name, and on how often that decision was made before. It does not
/// depend on the order in which different decisions are made: a shared generator would turn one reordered HTTP request
/// into another course of a whole simulation.
#[derive(Debug, Default)]
pub struct SeededRandom {
    seed: u64,
    /// How often each decision was made, by its hash.
    counts: RefCell<HashMap<u64, u64>>,
}

impl SeededRandom {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counts: RefCell::default() }
    }

    /// From 0 (included) to 1 (excluded); the counts of different subjects are independent.
    #[must_use]
    pub fn sample_for(&self, decision: &str, subject: &str) -> f64 {
        let hash = mix(fingerprint(&[decision, subject]) ^ mix(self.seed));
        let nth = {
            let mut counts = self.counts.borrow_mut();
            let nth = counts.entry(hash).or_default();
            *nth += 1;
            *nth
        };
        (mix(hash ^ mix(nth)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[must_use]
    pub fn sample(&self, decision: &str) -> f64 {
        self.sample_for(decision, "")
    }

    #[must_use]
    pub fn with_probability(&self, decision: &str, probability: f64) -> bool {
        self.sample(decision) < probability
    }

    /// From `from` to `to`, both included.
    #[must_use]
    pub fn between(&self, decision: &str, from: i64, to: i64) -> i64 {
        from + (self.sample(decision) * (to - from + 1) as f64) as i64
    }

    #[must_use]
    pub fn choose<T: Copy>(&self, decision: &str, choices: &[T]) -> T {
        choices[self.between(decision, 0, choices.len() as i64 - 1) as usize]
    }
}

/// The finalizer of SplitMix64.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
