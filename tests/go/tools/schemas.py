#!/usr/bin/env python3
"""Makes JSON schemas for kubeconform, a file a kind, from what Kubernetes itself publishes.

Usage: schemas.py FOLDER SOURCE...     (a swagger.json of Kubernetes, or CustomResourceDefinitions in YAML)

Fields that nobody knows are refused, as by a server with `fieldValidation: Strict`.
"""

import json
import sys
from pathlib import Path

import yaml

# What the OpenAPI document calls a string, and a server also takes as a number.
LOOSE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["number", "string"]},
}


def closed(schema):
    """The schema without room for unknown fields, wherever it names the known ones."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(part) for key, part in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        schema["type"] = ["integer", "string"]
    named = isinstance(schema.get("properties"), dict)
    if named and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    return schema


def write(folder, group, version, kind, schema):
    name = "-".join(part for part in (kind, group.split(".")[0], version) if part).lower()
    (folder / f"{name}.json").write_text(json.dumps(schema))


def referenced(schema):
    """The names of the definitions that a schema refers to itself."""
    if isinstance(schema, list):
        return set().union(*map(referenced, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"].rsplit("/", 1)[1]} if isinstance(schema.get("$ref"), str) else set()
    return own.union(*map(referenced, schema.values()))


def of_kubernetes(folder, document):
    definitions = {name: LOOSE.get(name) or closed(schema) for name, schema in document["definitions"].items()}
    for name, schema in definitions.items():
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1 or kinds[0]["kind"].endswith("List"):
            continue  # what belongs to all groups, and lists, are no manifests
        needed, found = set(), {name}
        while found:
            needed |= found
            found = set().union(*(referenced(definitions[one]) for one in found)) - needed
        whole = {"$ref": f"#/definitions/{name}", "definitions": {one: definitions[one] for one in sorted(needed)}}
        write(folder, kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"], whole)


def of_resource(folder, resource):
    spec = resource["spec"]
    for version in spec["versions"]:
        schema = closed(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        write(folder, spec["group"], version["name"], spec["names"]["kind"], schema)


def main():
    folder, *sources = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.suffix == ".json":
            of_kubernetes(folder, json.loads(source.read_text()))
        else:
            for resource in yaml.safe_load_all(source.read_text()):
                if resource and resource["kind"] == "CustomResourceDefinition":
                    of_resource(folder, resource)


if __name__ == "__main__":
    main()
