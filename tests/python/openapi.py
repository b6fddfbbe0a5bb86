"""Checks an OpenAPI document, and its examples against their schemas. Prints the problems and how many examples there were."""

import json
import sys

from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4



def read_nullable(value):
    """Reads `nullable` beside a reference as generators do: 3.0 has no strict way to say that an object may be null."""
    if isinstance(value, list):
        return [read_nullable(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {name: read_nullable(field) for name, field in value.items()}
    if fields.get("nullable") and "allOf" in fields:
        return {"anyOf": [{"allOf": fields["allOf"]}, {"enum": [None], "nullable": True}]}
    return fields


document = json.load(open(sys.argv[1]))
problems = [f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV30SpecValidator(document).iter_errors()]

registry = Registry().with_resource("urn:document", Resource.from_contents(read_nullable(document), default_specification=DRAFT4))
examples = 0
for name, schema in document["components"]["schemas"].items():
    if "example" in schema:
        examples += 1
        reference = {"$ref": f"urn:document#/components/schemas/{name}"}
        validator = OAS30Validator(reference, registry=registry)
        problems += [f"example of {name}: {error.message}" for error in validator.iter_errors(schema["example"])]
        unknown = schema["example"].keys() - schema.get("properties", {}).keys()
        problems += [f"example of {name}: {field} is no field" for field in sorted(unknown)]

print(json.dumps({"problems": problems, "examples": examples}))
