"""Finds the changes of the OpenAPI document that break a client which was written by an earlier one."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def breaking_changes(before: Schema, after: Schema) -> list[str]:
    """Return what a client of ``before`` would stumble over: each change with its place."""
    return list(_changes(before, after))


def _changes(before: Schema, after: Schema) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            now = after["paths"].get(path, {}).get(method)
            place = f"{method.upper()} {path}"
            if now is None:
                yield f"{place}: removed"
                continue
            yield from _operation(place, operation, now, (before, after))


def _operation(place: str, before: Schema, after: Schema, documents: tuple[Schema, Schema]) -> Iterator[str]:
    was = {(each["in"], each["name"]): each for each in before.get("parameters", [])}
    now = {(each["in"], each["name"]): each for each in after.get("parameters", [])}
    for key, parameter in now.items():
        if parameter.get("required") and not was.get(key, {}).get("required"):
            yield f"{place}: parameter {key[1]} is required"
    for key, parameter in was.items():
        if key not in now:
            yield f"{place}: parameter {key[1]} removed"
        else:
            yield from _narrower(f"{place}: parameter {key[1]}", parameter["schema"], now[key]["schema"], documents)
    yield from _bodies(place, before, after, documents)
    for status, response in before["responses"].items():
        yield from _answers(f"{place}: {status}", response, after["responses"].get(status), documents)


def _bodies(place: str, before: Schema, after: Schema, documents: tuple[Schema, Schema]) -> Iterator[str]:
    was, now = before.get("requestBody"), after.get("requestBody")
    if was is None:
        if now is not None and now.get("required"):
            yield f"{place}: a body is required"
        return
    if now is None:
        yield f"{place}: takes no body any more"
        return
    for media_type, content in was["content"].items():
        if media_type not in now["content"]:
            yield f"{place}: body as {media_type} removed"
        else:
            yield from _narrower(f"{place}: body", content["schema"], now["content"][media_type]["schema"], documents)


def _answers(place: str, before: Schema, after: Schema | None, documents: tuple[Schema, Schema]) -> Iterator[str]:
    if after is None:
        yield f"{place}: answer removed"
        return
    for media_type, content in before.get("content", {}).items():
        now = after.get("content", {}).get(media_type)
        if now is None:
            yield f"{place}: answer as {media_type} removed"
        else:
            yield from _poorer(place, content.get("schema", {}), now.get("schema", {}), documents)


def _narrower(place: str, before: Schema, after: Schema, documents: tuple[Schema, Schema]) -> Iterator[str]:
    """Yield where a value that a client may send today would be refused."""
    was, now = _resolved(before, documents[0]), _resolved(after, documents[1])
    yield from _other_type(place, was, now)
    fields, still = was.get("properties", {}), now.get("properties", {})
    for name in now.get("required", []):
        if name not in was.get("required", []):
            yield f"{place}: field {name} is required"
    for name, field in fields.items():
        if name not in still:
            yield f"{place}: field {name} removed"
        else:
            yield from _narrower(f"{place}.{name}", field, still[name], documents)
    if lost := [value for value in was.get("enum", []) if "enum" in now and value not in now["enum"]]:
        yield f"{place}: no longer takes {lost}"
    for limit in ("maxLength", "maximum", "maxItems"):
        if limit in now and now[limit] < was.get(limit, float("inf")):
            yield f"{place}: {limit} is smaller"
    for limit in ("minLength", "minimum", "minItems"):
        if limit in now and now[limit] > was.get(limit, float("-inf")):
            yield f"{place}: {limit} is larger"


def _poorer(
    place: str, before: Schema, after: Schema, documents: tuple[Schema, Schema], seen: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield where an answer lacks what a client reads today."""
    name = before.get("$ref", "")
    if name in seen:
        return
    was, now = _resolved(before, documents[0]), _resolved(after, documents[1])
    yield from _other_type(place, was, now)
    for field, schema in was.get("properties", {}).items():
        if field not in now.get("properties", {}):
            yield f"{place}: field {field} removed"
        else:
            yield from _poorer(f"{place}.{field}", schema, now["properties"][field], documents, (*seen, name))
            if field in was.get("required", []) and field not in now.get("required", []):
                yield f"{place}: field {field} may be missing"
    if "items" in was and "items" in now:
        yield from _poorer(f"{place}[]", was["items"], now["items"], documents, (*seen, name))


def _other_type(place: str, was: Schema, now: Schema) -> Iterator[str]:
    if was.get("type") and was.get("type") != now.get("type"):
        yield f"{place}: was {was['type']}, is {now.get('type', 'several types')}"


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Return a schema by its name, and of one that may be null the other part."""
    if "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return _resolved(found, document)
    parts = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    return _resolved(parts[0], document) if len(parts) == 1 else schema
