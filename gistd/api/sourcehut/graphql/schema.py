"""The schema: its text, what its scalars are made of, and who may ask for which field."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    default_field_resolver,
    get_directive_values,
    is_object_type,
)

from gistd.core import access, scopes
from gistd.errors import Forbidden

from .uploads import Upload

_TEXT = Path(__file__).with_suffix(".graphql")


def _open() -> GraphQLSchema:
    schema = build_schema(_TEXT.read_text(encoding="utf-8"))
    schema.type_map["Time"].coerce_output_value = _time  # type: ignore[attr-defined]
    schema.type_map["Upload"].coerce_input_value = _upload  # type: ignore[attr-defined]
    for kind in schema.type_map.values():
        if is_object_type(kind) and kind.ast_node:  # else it is one of those that tell of the schema
            for field in kind.fields.values():
                field.resolve = _guarded(schema, field)
    return schema


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _upload(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise GraphQLError("A file comes as a part of a form, as the GraphQL multipart request specification has it.")
    return value


def _guarded(schema: GraphQLSchema, field: GraphQLField) -> Callable[..., Any] | None:
    """What the source says of itself, for whom the schema lets ask; None where that is everybody."""
    if _directive(schema, "internal", field) is not None:
        return _refuse
    asked = _directive(schema, "access", field)
    if asked is None:
        return None
    (needed,) = scopes.granted_by(scopes.grants(f"paste.sr.ht/{asked['scope']}:{asked['kind']}"))

    def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        access.require_scope(info.context.actor, needed)
        return default_field_resolver(source, info, **arguments)

    return resolve


def _directive(schema: GraphQLSchema, name: str, field: GraphQLField) -> dict[str, Any] | None:
    directive = schema.get_directive(name)
    assert directive is not None and field.ast_node is not None
    return get_directive_values(directive, field.ast_node)


def _refuse(*_: Any, **__: Any) -> Any:
    raise Forbidden("This field is for the service itself")


SCHEMA = _open()
