//! Examples of the bodies, one file a schema.

use serde_json::Value;

const EXAMPLES: [(&str, &str); 21] = [
    ("CacheList", include_str!("examples/cache_list.json")),
    ("CachedRepoDetails", include_str!("examples/cached_repo_details.json")),
    ("Cluster", include_str!("examples/cluster.json")),
    ("Dismissed", include_str!("examples/dismissed.json")),
    ("Done", include_str!("examples/done.json")),
    ("DownloadRequest", include_str!("examples/download_request.json")),
    ("Error", include_str!("examples/error.json")),
    ("ExistingJob", include_str!("examples/existing_job.json")),
    ("Health", include_str!("examples/health.json")),
    ("Job", include_str!("examples/job.json")),
    ("JobFileList", include_str!("examples/job_file_list.json")),
    ("JobList", include_str!("examples/job_list.json")),
    ("NeedsSelection", include_str!("examples/needs_selection.json")),
    ("Plan", include_str!("examples/plan.json")),
    ("Probe", include_str!("examples/probe.json")),
    ("PruneRequest", include_str!("examples/prune_request.json")),
    ("Pruned", include_str!("examples/pruned.json")),
    ("Removed", include_str!("examples/removed.json")),
    ("RepoInfo", include_str!("examples/repo_info.json")),
    ("Settings", include_str!("examples/settings.json")),
    ("SettingsChange", include_str!("examples/settings_change.json")),
];

/// The example of a schema, if it has one.
pub(super) fn of(schema: &str) -> Option<Value> {
    let (_, text) = EXAMPLES.iter().find(|(name, _)| *name == schema)?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_json() {
        assert!(EXAMPLES.iter().all(|(name, _)| of(name).is_some()));
    }
}
