//! Where the symlinks of a cache lead, by their text alone.

use std::path::Path;

use super::super::repo::BLOBS;

/// The folder of contents that huggingface_hub shares between repositories (`utils/_shared_blobs.py`).
pub(super) const SHARED: &str = "blobs";

/// The blob that a snapshot's entry points to: relative as `_create_symlink` of huggingface_hub makes it, or absolute in
/// the repository's own folder. `depth` is how many folders of the snapshot the entry lies in.
pub(super) fn blob<'a>(target: &'a str, depth: usize, folder: &[&Path]) -> Option<&'a str> {
    let inside = match target.strip_prefix('/') {
        Some(_) => folder.iter().find_map(|folder| below(target, folder))?,
        None => target.strip_prefix(&"../".repeat(depth + 2))?,
    };
    inside.strip_prefix(BLOBS)?.strip_prefix('/').filter(|name| is_name(name))
}

/// The place in the shared store that a blob points to: a folder of two hex digits and the content's Xet hash.
pub(super) fn shared<'a>(target: &'a str, root: &[&Path]) -> Option<(&'a str, &'a str)> {
    let inside = match target.strip_prefix('/') {
        Some(_) => root.iter().find_map(|root| below(target, root))?,
        None => target.strip_prefix("../../")?,
    };
    let (folder, name) = inside.strip_prefix(SHARED)?.strip_prefix('/')?.split_once('/')?;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (folder.len() == 2 && name.len() == 64 && is_hex(folder) && is_hex(name)).then_some((folder, name))
}

fn below<'a>(target: &'a str, folder: &Path) -> Option<&'a str> {
    target.strip_prefix(folder.to_str()?)?.strip_prefix('/')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && text != "." && text != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blobs_of_the_same_repository_are_targets() {
        let folders = [Path::new("/cache/models--a--b")];
        assert_eq!(blob("../../blobs/x", 0, &folders), Some("x"));
        assert_eq!(blob("../../../../blobs/x", 2, &folders), Some("x"));
        assert_eq!(blob("/cache/models--a--b/blobs/x", 1, &folders), Some("x"));
        for outside in [
            "",
            "x",
            "../../../blobs/x",
            "../blobs/x",
            "../../blobs/",
            "../../blobs/..",
            "../../blobs/../../x",
            "../../blobs/a/b",
            "../../blobs",
            "../../blobsx",
            "/etc/passwd",
            "/cache/models--a--bc/blobs/x",
            "/cache/models--a--b/blobs/../../x",
            "../../../models--c--d/blobs/x",
        ] {
            assert_eq!(blob(outside, 0, &folders), None, "{outside}");
        }
    }

    #[test]
    fn only_contents_of_the_shared_store_are_shared() {
        let (roots, hash) = ([Path::new("/cache")], "ab".repeat(32));
        assert_eq!(shared(&format!("../../blobs/ab/{hash}"), &roots), Some(("ab", hash.as_str())));
        assert_eq!(shared(&format!("/cache/blobs/ab/{hash}"), &roots), Some(("ab", hash.as_str())));
        for outside in [
            format!("../../blobs/../{hash}"),
            format!("../blobs/ab/{hash}"),
            format!("../../../blobs/ab/{hash}"),
            format!("/blobs/ab/{hash}"),
            "../../blobs/ab/..".to_owned(),
            "/etc/passwd".to_owned(),
        ] {
            assert_eq!(shared(&outside, &roots), None, "{outside}");
        }
    }
}
