//! The API as its users have it: every request and answer of the contract, on the single process and on a cluster.
//!
//! [`sections`] is the table, [`table`] the language it is written in, [`runner`] holds a [`deployment`] against it, and
//! [`document`] makes `docs/contract.md` from it.

mod clients;
mod deployment;
mod document;
mod examples;
mod fuzz;
mod runner;
mod schemathesis;
mod sections;
mod state;
mod table;

use deployment::Deployment;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_single_process_keeps_the_contract() -> anyhow::Result<()> {
    runner::run(&Deployment::single().await?, &sections::all()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_the_contract() -> anyhow::Result<()> {
    runner::run(&Deployment::cluster().await?, &sections::all()).await
}
