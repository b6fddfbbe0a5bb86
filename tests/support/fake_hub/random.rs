//! Reproducible random file content, fast enough to fill gigabytes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// Bytes generated and written at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// An xorshift64* generator; the same seed always gives the same bytes.
struct Xorshift(u64);

impl Xorshift {
    fn new(seed: u64) -> Self {
        // The state must not be 0, and neighbouring seeds must not give neighbouring streams.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for word in buffer.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            word.copy_from_slice(&bytes[..word.len()]);
        }
    }
}

/// The content that [`write_random_file`] gives a file of that size and seed.
pub fn random_bytes(size_bytes: usize, seed: u64) -> Vec<u8> {
    let mut content = vec![0; size_bytes];
    Xorshift::new(seed).fill(&mut content);
    content
}

/// Writes a file of random content, holding 1 MiB of it in memory at a time.
pub fn write_random_file(path: &Path, size_bytes: u64, seed: u64) -> anyhow::Result<()> {
    let mut file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    let mut random = Xorshift::new(seed);
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut left = size_bytes;
    while left > 0 {
        let step = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        random.fill(&mut buffer[..step]);
        file.write_all(&buffer[..step]).with_context(|| format!("writing {}", path.display()))?;
        left -= step as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_the_bytes_of_its_seed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        write_random_file(&path, 3 * (1 << 20) + 5, 7).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), random_bytes(3 * (1 << 20) + 5, 7));
        assert_ne!(random_bytes(64, 7), random_bytes(64, 8));
    }
}
