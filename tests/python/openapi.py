"""Checks an OpenAPI document, and its examples against their schemas. Prints the problems and how many examples there were."""

import json
import sys

from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

document = json.load(open(sys.argv[1]))
problems = [f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV30SpecValidator(document).iter_errors()]

registry = Registry().with_resource("urn:document", Resource.from_contents(document, default_specification=DRAFT4))
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
