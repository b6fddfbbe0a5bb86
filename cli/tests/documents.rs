//! The documents that the program makes are the ones in the tree.

use std::path::Path;
use std::process::Command;

#[test]
fn the_table_of_flags_in_docs_is_the_one_that_the_program_prints() {
    let printed = Command::new(env!("CARGO_BIN_EXE_hfdownloader")).arg("configuration").output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let committed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md")).unwrap();
    assert!(committed == printed.stdout, "docs/configuration.md is stale: run `make docs` and commit it");
}
