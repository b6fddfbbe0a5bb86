//! How long it takes to choose from a repository of 100,000 files.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::hint::black_box;

use criterion::Criterion;
use hfd_shared::job::Selection;
use hfd_shared::repo::{BlobHash, RepoKind, TreeFile};

const FILES: usize = 100_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let files: Vec<TreeFile> = (0..FILES).map(file).collect();
    let mut group = criterion.benchmark_group("select from 100,000 files");
    for (name, filters) in [("all", vec![]), ("by text", vec!["07-of-"]), ("by glob", vec!["folder-1?/*.safetensors"])]
    {
        let filters: Vec<String> = filters.into_iter().map(str::to_owned).collect();
        let selection = Selection::new(RepoKind::Model, &filters, &["*.h5".to_owned()], false).unwrap();
        group.bench_function(name, |bencher| bencher.iter(|| selection.select(black_box(&files)).unwrap()));
    }
    group.finish();
    criterion.final_summary();
}

fn file(number: usize) -> TreeFile {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    TreeFile {
        path: format!("folder-{:02}/model-{number:06}-of-{FILES}.safetensors", number % 100).parse().unwrap(),
        size_bytes: 1 << 20,
        blob: BlobHash::Sha256(hash),
        git_oid: "0".repeat(40),
        xet_hash: None,
    }
}
