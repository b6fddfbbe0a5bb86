//! Which split a file belongs to, by its path; the rules are those of the library `datasets` (`data_files.py`).

use hfd_shared::repo::TreeFile;

/// The splits and the words that mean them.
const KEYWORDS: &[(&str, &[&str])] = &[
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "dev", "val"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// Files of a split, by the split's name.
pub(super) type Splits<'a> = Vec<(String, Vec<&'a TreeFile>)>;

/// Where a split stands among others.
pub(super) fn order(name: &str) -> usize {
    ["train", "validation", "test"].iter().position(|known| *known == name).unwrap_or(3)
}

/// Sorts files into splits: by `data/<split>-00000-of-00001.…`, else by words in the names of folders, else by words in
/// the names of files; all are `train` when no word tells. `base` is the folder that they are looked at from.
pub(super) fn of_files<'a>(files: &[&'a TreeFile], base: &str) -> Splits<'a> {
    let inside = |file: &&'a TreeFile| -> &'a str {
        let path = file.path.as_str();
        path.strip_prefix(base).map_or(path, |rest| rest.trim_start_matches('/'))
    };
    let rules: [fn(&str) -> Option<&str>; 3] = [sharded, by_folder, by_name];
    for rule in rules {
        let mut splits: Splits<'a> = Vec::new();
        for file in files {
            let Some(name) = rule(inside(file)) else { continue };
            match splits.iter_mut().find(|(known, _)| known == name) {
                Some((_, files)) => files.push(file),
                None => splits.push((name.to_owned(), vec![file])),
            }
        }
        if !splits.is_empty() {
            splits.sort_by(|(a, _), (b, _)| (order(a), a).cmp(&(order(b), b)));
            return splits;
        }
    }
    if files.is_empty() { Vec::new() } else { vec![("train".to_owned(), files.to_vec())] }
}

/// `train` of `data/train-00000-of-00002-abc.parquet`; any word may be a split there.
fn sharded(path: &str) -> Option<&str> {
    let name = path.strip_prefix("data/").filter(|name| !name.contains('/'))?;
    let (front, rest) = name.split_once("-of-")?;
    let (split, index) = front.rsplit_once('-')?;
    let is_number = |text: &str| text.len() >= 5 && text.as_bytes()[..5].iter().all(u8::is_ascii_digit);
    let is_word =
        !split.is_empty() && split.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
    (is_word && index.len() == 5 && is_number(index) && is_number(rest) && rest.contains('.')).then_some(split)
}

fn by_folder(path: &str) -> Option<&str> {
    let (folders, _) = path.rsplit_once('/')?;
    keyword(|word| folders.split('/').any(|folder| has_word(folder, word)))
}

fn by_name(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    // A file's name needs something behind the word, such as its ending.
    keyword(|word| has_word(name, word) && !name.ends_with(word))
}

fn keyword(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let found = KEYWORDS.iter().find(|(_, words)| words.iter().any(|word| has(word)));
    found.map(|(split, _)| *split)
}

/// Whether the word stands in the name between delimiters.
fn has_word(name: &str, word: &str) -> bool {
    let is_delimiter = |c: char| "-._ 0123456789".contains(c);
    name.split(is_delimiter).any(|part| part == word)
}
