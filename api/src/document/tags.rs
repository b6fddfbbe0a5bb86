//! The groups of operations.

use poem_openapi::registry::MetaTag;

/// A group: its name, what it is for, and how its paths begin.
struct Group(&'static str, &'static str, &'static [&'static str]);

const GROUPS: [Group; 8] = [
    Group("downloads", "Plan and start downloads.", &["/api/download", "/api/plan"]),
    Group("jobs", "Follow jobs and move them through their life.", &["/api/jobs"]),
    Group("events", "Get changes of jobs pushed.", &["/api/ws", "/api/events"]),
    Group("analyzer", "Look into repositories of the Hub.", &["/api/analyze"]),
    Group("cache", "See and clear what is on the volume.", &["/api/cache"]),
    Group("cluster", "See who is at work and how much waits.", &["/api/cluster"]),
    Group("settings", "See and change how the service works.", &["/api/settings"]),
    Group(
        "server",
        "Ask about the service itself.",
        &["/api/health", "/api/openapi", "/api/docs", "/healthz", "/readyz"],
    ),
];

/// The group of a path.
pub(super) fn of(path: &str) -> Option<MetaTag> {
    let group = GROUPS.iter().find(|Group(.., begins)| begins.iter().any(|begin| path.starts_with(begin)));
    group.map(|Group(name, description, _)| MetaTag { name, description: Some(description), external_docs: None })
}
