//! Random numbers that a seed reproduces.

use std::cell::RefCell;
use std::collections::HashMap;

/// A number depends on the seed, on the decision's name, and on how often that decision was made before. It does not
/// depend on the order in which different decisions are made: a shared generator would turn one reordered HTTP request
/// into another course of the whole simulation.
#[derive(Debug)]
pub(crate) struct SeededRandom {
    seed: u64,
    /// How often each decision was made, by its hash.
    counts: RefCell<HashMap<u64, u64>>,
}

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, counts: RefCell::default() }
    }

    /// From 0 (included) to 1 (excluded); the counts of different subjects are independent.
    pub(crate) fn sample_for(&self, decision: &str, subject: &str) -> f64 {
        let hash = hash(self.seed, &[decision, subject]);
        let nth = {
            let mut counts = self.counts.borrow_mut();
            let nth = counts.entry(hash).or_default();
            *nth += 1;
            *nth
        };
        (mix(hash ^ mix(nth)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn sample(&self, decision: &str) -> f64 {
        self.sample_for(decision, "")
    }

    pub(crate) fn with_probability(&self, decision: &str, probability: f64) -> bool {
        self.sample(decision) < probability
    }

    /// From `from` to `to`, both included.
    pub(crate) fn between(&self, decision: &str, from: i64, to: i64) -> i64 {
        from + (self.sample(decision) * (to - from + 1) as f64) as i64
    }

    pub(crate) fn choose<T: Copy>(&self, decision: &str, choices: &[T]) -> T {
        choices[self.between(decision, 0, choices.len() as i64 - 1) as usize]
    }
}

/// FNV-1a.
fn hash(seed: u64, words: &[&str]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    mix(bytes
        .fold(mix(seed) ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finalizer of SplitMix64.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
