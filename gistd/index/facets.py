"""What gists have in common: a topic, a language. Which ones have it, and how many of them do."""

from typing import Any

import peewee

from .connection import is_text
from .models import File, Gist, Topic


def with_topic(name: str) -> Any:
    """The gists that have the topic, as a condition."""
    has_it = Topic.name == name if is_text(name) else Topic.name.is_null()
    return Gist.among(Topic.select(Topic.gist).where(has_it))


def in_language(name: str) -> Any:
    """The gists that have a file in the language, as a condition."""
    return Gist.among(File.select(File.gist).where(File.language == name))


def topics(condition: Any, *, limit: int, offset: int) -> list[tuple[str, int]]:
    """Each topic of the gists that meet the condition, with how many of them have it: the most common first."""
    number = peewee.fn.COUNT(Topic.gist)
    return _most_common(Topic.select(Topic.name, number).join(Gist), Topic.name, number, condition, limit, offset)


def languages(condition: Any, *, limit: int, offset: int) -> list[tuple[str, int]]:
    """Each language that the gists that meet the condition have a file in, with how many of them do: as `topics`."""
    number = peewee.fn.COUNT(File.gist.distinct())
    query = File.select(File.language, number).join(Gist).where(File.language != "")
    return _most_common(query, File.language, number, condition, limit, offset)


def _most_common(query: Any, name: Any, number: Any, condition: Any, limit: int, offset: int) -> list[tuple[str, int]]:
    query = query.where(condition).group_by(name).order_by(number.desc(), name)
    return list(query.limit(limit).offset(offset).tuples())
