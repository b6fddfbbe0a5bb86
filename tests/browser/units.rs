//! Modules of the page by themselves.

use std::path::Path;

use hfd_tests::sandbox::Sandbox;

use crate::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_need_no_browser_pass_their_own_tests() -> anyhow::Result<()> {
    let sandbox = Sandbox::new()?;
    let mut command = sandbox.command("node");
    command.arg("--test");
    for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/units").read_dir()? {
        command.arg(entry?.path());
    }
    Script::run(&sandbox, "units", &mut command)?.ends_well().await.map(drop)
}
