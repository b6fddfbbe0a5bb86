//! What the records of a partial cost: to append one durably, and to read many when a download goes on.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use criterion::Criterion;
use hfd_shared::cache::{Cache, Partial};
use hfd_shared::repo::{BlobHash, ByteRange, Content, RepoKind, RepoRef};

const PART_BYTES: u64 = 16 << 20;
const PARTS: u64 = 10_000;
/// Twice as large, so that every second part makes a range of its own.
const SIZE_BYTES: u64 = 2 * PARTS * PART_BYTES;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path().to_owned()).unwrap();
    let repo = cache.repo(&RepoRef { kind: RepoKind::Model, id: "bench/parts".parse().unwrap() });
    let open = |blob: u8| {
        repo.open_partial(Content { blob: BlobHash::Sha256([blob; 32]), size_bytes: SIZE_BYTES }, "bench").unwrap()
    };

    let mut growing = open(1);
    let mut number = 0;
    criterion.bench_function("parts: append one record durably", |bencher| {
        bencher.iter(|| {
            number = (number + 1) % PARTS;
            growing.record(&[part(number)]).unwrap();
        });
    });

    let all: Vec<ByteRange> = (0..PARTS).map(part).collect();
    criterion.bench_function("parts: append 10,000 records at once", |bencher| {
        bencher.iter_batched_ref(
            || open(2),
            |partial: &mut Partial| partial.record(&all).unwrap(),
            criterion::BatchSize::PerIteration,
        );
    });

    open(3).record(&all).unwrap();
    criterion.bench_function("parts: read 10,000 records", |bencher| {
        bencher.iter(|| assert_eq!(open(3).recorded().len(), all.len()));
    });
    criterion.final_summary();
}

fn part(number: u64) -> ByteRange {
    ByteRange::new(2 * number * PART_BYTES, (2 * number + 1) * PART_BYTES).unwrap()
}
