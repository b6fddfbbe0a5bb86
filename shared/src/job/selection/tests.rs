use super::*;
use crate::repo::BlobHash;

fn tree(paths: &[&str]) -> Vec<TreeFile> {
    paths
        .iter()
        .map(|listed| {
            let (kind, path) = listed.split_once(':').unwrap_or(("", listed));
            let size_bytes = if kind == "large" { 64 << 20 } else { 1 };
            let blob = if kind.is_empty() { BlobHash::GitSha1([2; 20]) } else { BlobHash::Sha256([1; 32]) };
            TreeFile { path: path.parse().unwrap(), size_bytes, blob, git_oid: String::new(), xet_hash: None }
        })
        .collect()
}

fn select(kind: RepoKind, paths: &[&str], filters: &[&str], excludes: &[&str]) -> Result<Vec<String>, SelectionError> {
    let owned = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
    let files = tree(paths);
    let selection = Selection::new(kind, &owned(filters), &owned(excludes), false)?;
    Ok(selection.select(&files)?.iter().map(|selected| selected.file.path.to_string()).collect())
}

const GGUF: &[&str] = &[
    "README.md",
    "config.json",
    "lfs:model.Q4_K_M.gguf",
    "lfs:model.Q5_K_M.gguf",
    "lfs:tokenizer.model",
    "lfs:cover.png",
    "lfs:imatrix.dat",
    "lfs:UD-Q4_K_XL/model-00001-of-00002.gguf",
    "lfs:old.gguf-split-a",
];

#[test]
fn without_filters_everything_is_taken() {
    assert_eq!(select(RepoKind::Model, GGUF, &[], &[]).unwrap().len(), GGUF.len());
}

#[test]
fn a_filter_drops_other_payload_and_keeps_all_the_rest() {
    let taken = select(RepoKind::Model, GGUF, &["q4_k_m"], &[]).unwrap();
    assert_eq!(taken, ["README.md", "config.json", "model.Q4_K_M.gguf", "tokenizer.model", "cover.png"]);
}

#[test]
fn a_filter_matches_the_folder_too() {
    let taken = select(RepoKind::Model, GGUF, &["ud-q4_k_xl/"], &[]).unwrap();
    assert!(taken.contains(&"UD-Q4_K_XL/model-00001-of-00002.gguf".to_owned()));
    assert!(!taken.contains(&"model.Q4_K_M.gguf".to_owned()));
}

#[test]
fn a_glob_matches_the_name_or_the_whole_path() {
    let paths = &["lfs:a.gguf", "lfs:sub/b.GGUF", "lfs:sub/c.safetensors", "x.json"];
    assert_eq!(select(RepoKind::Model, paths, &["*.gguf"], &[]).unwrap(), ["a.gguf", "sub/b.GGUF", "x.json"]);
    assert_eq!(select(RepoKind::Model, paths, &["sub/*"], &[]).unwrap(), ["sub/b.GGUF", "sub/c.safetensors", "x.json"]);
    assert_eq!(select(RepoKind::Model, paths, &["?.safetensors"], &[]).unwrap(), ["sub/c.safetensors", "x.json"]);
}

#[test]
fn a_glob_counts_characters_and_not_bytes() {
    let paths = &["lfs:ü.bin", "lfs:Ärger (1).bin", "lfs:x/模型.bin", "lfs:模型.bin"];
    assert_eq!(select(RepoKind::Model, paths, &["?.bin"], &[]).unwrap(), ["ü.bin"]);
    assert_eq!(select(RepoKind::Model, paths, &["ä*(?).bin"], &[]).unwrap(), ["Ärger (1).bin"]);
    assert_eq!(select(RepoKind::Model, paths, &["[模/]型.bi?"], &[]).unwrap(), ["模型.bin"]);
    assert_eq!(select(RepoKind::Model, paths, &["*/[!ü]{x,型}.b??"], &[]).unwrap(), ["x/模型.bin"]);
}

#[test]
fn a_glob_that_takes_much_memory_is_refused() {
    let paths = &["lfs:xüxüxüxü.bin"];
    for glob in ["?".repeat(64) + "*", "[!a]".repeat(16) + "*", "*x".repeat(60), "{ü,*}".repeat(40)] {
        let refused = select(RepoKind::Model, paths, &[&glob, "*.bin"], &[]).err();
        assert!(refused.is_none(), "{glob}: {refused:?}");
    }
    for glob in ["?".repeat(512), "[!a]".repeat(127) + "*"] {
        let refused = select(RepoKind::Model, paths, &[&glob], &[]).unwrap_err();
        assert!(refused.to_string().contains("too long"), "{refused}");
    }
}

#[test]
fn parts_and_numbered_files_are_payload_and_what_lies_beside_is_not() {
    for path in [
        "X.Q6_K.gguf.part1of2",
        "x.gguf-split-a",
        "model.onnx_data_1",
        "model.onnx.data",
        "model.ONNX.data.1",
        "model.ckpt-1000.data-00000-of-00001",
        "variables.data-00000-of-00001",
        "a.tar.gz.part-aa",
        "a.zip.001",
        "a.tgz",
        "a.7z",
        "a.keras",
        "a.pkl",
        "a.hdf5",
    ] {
        let paths = &["lfs:wanted.gguf", &format!("lfs:{path}")];
        assert_eq!(select(RepoKind::Model, paths, &["wanted"], &[]).unwrap(), ["wanted.gguf"], "{path}");
    }
    let beside = [
        "x.bin.index.json",
        "model.safetensors.index.json",
        "pytorch_model.bin.index.json",
        "foo.zip.md",
        "part1.png",
        "bin.001",
        "weights.data",
        "x.bin.partners",
    ];
    for path in beside {
        let paths = &["lfs:wanted.gguf", &format!("lfs:{path}")];
        assert_eq!(select(RepoKind::Model, paths, &["wanted"], &[]).unwrap(), ["wanted.gguf", path]);
    }
}

#[test]
fn small_files_that_are_not_in_lfs_are_never_filtered() {
    let paths = &["weights.bin", "lfs:other.bin", "lfs:x.safetensors"];
    assert_eq!(select(RepoKind::Model, paths, &["x.safe"], &[]).unwrap(), ["weights.bin", "x.safetensors"]);
}

#[test]
fn excludes_beat_filters_and_take_small_files_too() {
    let taken = select(RepoKind::Model, GGUF, &["q4_k_m", "q5_k_m"], &["Q5", "readme", "*.png"]).unwrap();
    assert_eq!(taken, ["config.json", "model.Q4_K_M.gguf", "tokenizer.model"]);
}

#[test]
fn text_in_lfs_is_payload_only_in_a_dataset() {
    let paths = &["lfs:train.json", "lfs:test.json", "lfs:notes.txt"];
    assert_eq!(select(RepoKind::Dataset, paths, &["train"], &[]).unwrap(), ["train.json"]);
    assert_eq!(select(RepoKind::Model, paths, &["train"], &[]).unwrap().len(), 3);
}

#[test]
fn a_large_file_is_payload_whatever_its_name() {
    let paths = &["lfs:a.wav", "large:b.wav", "large:c.q4"];
    assert_eq!(select(RepoKind::Model, paths, &["q4"], &[]).unwrap(), ["a.wav", "c.q4"]);
}

#[test]
fn no_match_at_all_is_an_error_that_shows_what_there_is() {
    let error = select(RepoKind::Model, GGUF, &["q9_x"], &[]).unwrap_err().to_string();
    assert!(error.contains("\"q9_x\"") && error.contains("9 files") && error.contains("model.Q4_K_M.gguf"), "{error}");
    assert!(select(RepoKind::Model, GGUF, &["q9_x", "q4_k_m"], &[]).is_ok());
}

#[test]
fn excluding_everything_is_an_error() {
    assert_eq!(select(RepoKind::Model, &["a.json"], &[], &["*"]), Err(SelectionError::AllExcluded(1)));
    assert!(select(RepoKind::Model, &[], &[], &["*"]).unwrap().is_empty());
}

#[test]
fn a_path_that_is_listed_twice_is_taken_once() {
    assert_eq!(select(RepoKind::Model, &["a.json", "a.json"], &[], &[]).unwrap(), ["a.json"]);
}

#[test]
fn the_longest_matching_filter_names_the_subfolder() {
    let files = tree(&["lfs:m.Q4_K_M.gguf", "lfs:m.Q4_0.gguf", "x.json"]);
    let filters = ["q4".to_owned(), "Q4_K_M".to_owned(), "*.gguf".to_owned()];
    let selection = Selection::new(RepoKind::Model, &filters, &[], true).unwrap();
    let subdirs: Vec<_> = selection
        .select(&files)
        .unwrap()
        .into_iter()
        .map(|selected| selected.subdir.map(|dir| dir.to_string()))
        .collect();
    assert_eq!(subdirs, [Some("Q4_K_M".to_owned()), Some("q4".to_owned()), None]);
}
