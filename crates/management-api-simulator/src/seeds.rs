//! Seeded randomness: the same seed and label give the same sequence on every machine.

use rand::{SeedableRng, rngs::StdRng};

/// A random number generator for one purpose, which the label names.
pub(crate) fn seeded(seed: u64, label: &[&str]) -> StdRng {
    StdRng::seed_from_u64(seed ^ fingerprint(label))
}

/// FNV-1a over the parts, because the standard library's hasher guarantees no stable values.
pub(crate) fn fingerprint(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}
