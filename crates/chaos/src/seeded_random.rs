//! Chance that comes out the same again.

use std::cell::RefCell;
use std::collections::HashMap;

/// Numbers from a seed. Each depends on what is decided and on how often that was decided before, not on the order in
/// which different things happen to be decided.
#[derive(Debug)]
pub(crate) struct Chance {
    seed: u64,
    asked: RefCell<HashMap<u64, u64>>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, asked: RefCell::default() }
    }

    /// A number from 0 (included) to 1 (excluded), for what is decided about `subject`.
    pub(crate) fn about(&self, what: &str, subject: &str) -> f64 {
        let name = fingerprint(self.seed, &[what, subject]);
        let nth = {
            let mut asked = self.asked.borrow_mut();
            let nth = asked.entry(name).or_default();
            *nth += 1;
            *nth
        };
        (scramble(name ^ scramble(nth)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn sample(&self, what: &str) -> f64 {
        self.about(what, "")
    }

    pub(crate) fn hits(&self, what: &str, likely: f64) -> bool {
        self.sample(what) < likely
    }

    /// A number of `from` to `to`, both included.
    pub(crate) fn between(&self, what: &str, from: i64, to: i64) -> i64 {
        from + (self.sample(what) * (to - from + 1) as f64) as i64
    }

    pub(crate) fn one_of<T: Copy>(&self, what: &str, choice: &[T]) -> T {
        choice[self.between(what, 0, choice.len() as i64 - 1) as usize]
    }
}

fn fingerprint(seed: u64, words: &[&str]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    scramble(bytes.fold(scramble(seed) ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// The finalizer of SplitMix64.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
