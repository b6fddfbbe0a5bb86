//! Chance that can be repeated: numbers that follow from `HFD_TEST_SEED`, or from the clock where it is not set.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

/// Names the seed.
const SEED_VARIABLE: &str = "HFD_TEST_SEED";

/// A number in an environment variable.
pub fn number(name: &str) -> anyhow::Result<Option<u64>> {
    let read = |text: String| text.parse().with_context(|| format!("{name}={text} is no number"));
    env::var(name).ok().map(read).transpose()
}

/// The seed of this run; another one each time, unless it is set.
pub fn seed() -> anyhow::Result<u64> {
    seed_or(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos().into())
}

/// The seed of this run, printed so that the run can be repeated; this one, unless it is set.
#[expect(clippy::print_stdout, reason = "libtest captures what goes through this macro, and nothing else")]
pub fn seed_or(fixed: u64) -> anyhow::Result<u64> {
    let seed = number(SEED_VARIABLE)?.unwrap_or(fixed);
    println!("{SEED_VARIABLE}={seed}");
    Ok(seed)
}

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, by splitmix64.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// So many bytes at most.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.number().to_le_bytes()[0]).collect()
    }
}
