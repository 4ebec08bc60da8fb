"""Files that come with a query, as the GraphQL multipart request specification has it, and as clients really send it.

The parts of files may have any names, and come in any order: the map tells which goes where. One without a filename is
a file like any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gistd.api import NotJson, Part, parse
from gistd.core import house
from gistd.errors import Invalid, TooLarge


@dataclass(frozen=True)
class Upload:
    filename: str | None
    content: bytes


def read(parts: Iterable[Part]) -> Any:
    """The operation in a form, with its files where the map wants them. Raises Invalid."""
    named = {part.name: part for part in parts}
    asked, places = (_json(named, name) for name in ("operations", "map"))
    if not isinstance(places, dict) or not all(map(_is_list_of_paths, places.values())):
        raise Invalid("map: must be an object of lists of paths")
    if sum(map(len, places.values())) > house.limits().files:
        raise TooLarge(f"map: a paste has at most {house.limits().files} files")
    for name, paths in places.items():
        if name not in named:
            raise Invalid(f"map: there is no part {name[:80]!r}")
        upload = Upload(named[name].filename or None, named[name].content)
        for path in paths:
            _put(asked, path, upload)
    return asked


def _json(parts: Mapping[str, Part], name: str) -> Any:
    if name not in parts:
        raise Invalid(f"{name}: this part is missing")
    content = parts[name].content
    if len(content) > house.settings.max_query_bytes:
        raise TooLarge(f"{name}: longer than {house.settings.max_query_bytes} bytes")
    try:
        return parse(content)
    except NotJson as error:
        raise Invalid(f"{name}: {error.message}") from error


def _is_list_of_paths(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(path, str) for path in value)


def _put(asked: Any, path: str, upload: Upload) -> None:
    """Let the file be at this place of the operation, which is empty: `variables.files.0`."""
    *way, last = path.split(".")
    for key in way:
        asked = asked[_key(asked, key)]
    if asked[_key(asked, last)] is not None:
        raise Invalid("map: a file goes where the operation has null")
    asked[_key(asked, last)] = upload


def _key(holder: Any, key: str) -> Any:
    if isinstance(holder, list) and key in map(str, range(len(holder))):
        return int(key)
    if isinstance(holder, dict) and key in holder:
        return key
    raise Invalid(f"map: the operation has no {key[:80]!r} there")
