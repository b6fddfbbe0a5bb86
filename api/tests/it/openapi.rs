//! The committed specification is the one of the code.

use std::path::Path;

use hfd_api::openapi_yaml;

#[test]
fn the_committed_specification_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.yaml");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == openapi_yaml().unwrap(),
        "openapi/openapi.yaml is stale; run: cargo run -p hfdownloader -- openapi > openapi/openapi.yaml"
    );
}

#[test]
fn the_specification_names_every_path_its_errors_and_the_authentication() {
    let spec = openapi_yaml().unwrap();
    for part in [
        "\n  /healthz:\n",
        "\n  /readyz:\n",
        "\n  /api/health:\n",
        "\n  /api/download:\n",
        "\n  /api/plan:\n",
        "\n  /api/jobs:\n",
        "\n  /api/jobs/{id}:\n",
        "\n  /api/jobs/{id}/pause:\n",
        "\n  /api/jobs/{id}/resume:\n",
        "\n  /api/settings:\n",
        "\n  /api/ws:\n",
        "scheme: basic",
        "'101':",
        "'202':",
        "'401':",
        "'404':",
        "'503':",
    ] {
        assert!(spec.contains(part), "{part:?} is missing");
    }
    assert!(spec.contains("servers: []"), "paths are relative to where the API is served");
}
