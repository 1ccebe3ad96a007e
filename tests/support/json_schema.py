"""JSON Schema's validators, loaded where a test needs them: it takes seconds, in each worker."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def validator(schema: dict[str, Any]) -> "Validator":
    """Of the draft that the schema names, else of 2020-12."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    made: Validator = validator_for(schema, default=Draft202012Validator)(schema)
    return made


def check_schema(schema: dict[str, Any]) -> None:
    """Raises SchemaError when it is none."""
    validator(schema).check_schema(schema)
