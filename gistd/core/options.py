"""What a pusher says beside the commits: `git push -o title=… -o visibility=private` (git-push(1), --push-option)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from gistd.errors import Invalid
from gistd.index import now
from gistd.store import shown

from .drafts import LIFETIMES, Change, check_words, topics_in


def change(options: Iterable[str]) -> Change:
    """What the options ask for. Raises Invalid for one that is unknown, given twice or has a bad value."""
    asked: dict[str, Any] = {}
    for option in options:
        name, _, value = option.partition("=")
        if name not in _OPTIONS:
            raise Invalid(f"push option {shown(name)}: there are {', '.join(_OPTIONS)}, as in `-o title=Notes`")
        field, read = _OPTIONS[name]
        if field in asked:
            raise Invalid(f"push option {name}: given twice")
        asked[field] = read(value.strip())
    wanted = Change(**asked)
    try:
        check_words(wanted)
    except Invalid as error:
        name = next(name for name, (field, _) in _OPTIONS.items() if field in error.fields)
        raise Invalid(f"push option {name}: {error.fields[_OPTIONS[name][0]][0]}") from error
    return wanted


def _expiry(value: str) -> datetime | None:
    if value == "never":
        return None
    if value in LIFETIMES:
        return now() + LIFETIMES[value]
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without a zone")
        return moment
    except ValueError:
        words = f"never, {', '.join(LIFETIMES)}, or a time such as 2030-01-31T12:00:00Z"
        raise Invalid(f"push option expire: {words}") from None


_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "title": ("title", str),
    "description": ("description", str),
    "visibility": ("visibility", str),
    "topics": ("topics", topics_in),
    "url": ("slug", str),
    "expire": ("expires_at", _expiry),
}
