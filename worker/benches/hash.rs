//! How fast content is hashed, as the engine does it.

// The file itself, for nobody outside needs the hasher.
#[path = "../src/transfer/content_hash.rs"]
mod content_hash;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use hfd_shared::repo::BlobHash;

use self::content_hash::ContentHasher;

const BYTES: u64 = 64 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let content: Vec<u8> = (0..BYTES).map(|at| at.to_le_bytes()[0]).collect();
    let mut group = criterion.benchmark_group("hash 64 MiB");
    group.throughput(Throughput::Bytes(BYTES));
    for (name, kind) in [("SHA-256", BlobHash::Sha256([0; 32])), ("git SHA-1", BlobHash::GitSha1([0; 20]))] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut hasher = ContentHasher::like(&kind, BYTES);
                hasher.update(black_box(&content));
                hasher.finish()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
