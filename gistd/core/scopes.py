"""What other protocols call the scopes of a credential, and what each of their words grants here.

Legacy scopes are `[client/]name[:access]`, with commas between them, and `*`. Grants are `service/SCOPE[:RO|RW]`, with
spaces between them; beside those, OAuth 2 knows gistd's own words (`gist:read`), which are legacy scopes by their form.
A word is kept in its canonical text, in the grammar that it came in: a client is answered in its own words.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from gistd.errors import Invalid

from .access import ALL_SCOPES, Scope, granted


class Word(NamedTuple):
    """A word of one of the grammars, and what it grants. Writing implies reading, as everywhere."""

    text: str
    scopes: frozenset[Scope]

    @property
    def opens(self) -> list[Scope]:
        """What it grants, and what that implies."""
        return sorted(granted(self.scopes))


_READ, _WRITE = "read", "write"
_ACCESS = {"RO": _READ, "RW": _WRITE}
_ALIASES = {"paste": "pastes"}
_LEGACY = {"pastes": "gist", "profile": "user", "gist": "gist", "user": "user"}
_GRANTS = {"PASTES": "gist", "PROFILE": "user"}
_SERVICES = {"paste.sr.ht": ("PASTES", "PROFILE"), "meta.sr.ht": ("PROFILE",)}

EVERYTHING = Word("*", ALL_SCOPES)


def legacy(text: str) -> list[Word]:
    """The legacy scopes of a text, each once. Raises Invalid for one that there is not, and for none at all."""
    return _each_once(_legacy(word.strip()) for word in text.split(","))


def grants(text: str) -> list[Word]:
    """The grants, and words of ours, of a text, each once. Raises Invalid for one that there is not."""
    return _each_once(_grant(word) for word in text.split())


def granted_by(words: Iterable[Word]) -> frozenset[Scope]:
    """What the words grant together."""
    return frozenset().union(*(word.scopes for word in words))


def narrowed(asked: Collection[Word], texts: Collection[str]) -> list[Word]:
    """Those of the words whose texts these are: what somebody grants of what was asked for."""
    return [word for word in asked if word.text in texts]


def in_legacy(scope: Scope) -> str:
    """`gist:write` is `pastes:write`."""
    part, _, access = scope.partition(":")
    return f"{next(name for name, ours in _LEGACY.items() if ours == part)}:{access}"


def in_grants(scope: Scope) -> str:
    """`gist:write` is `PASTES:RW`, as the service that has it calls it."""
    part, _, access = scope.partition(":")
    name = next(name for name, ours in _GRANTS.items() if ours == part)
    return f"{name}:{next(short for short, ours in _ACCESS.items() if ours == access)}"


def all_grants() -> list[Word]:
    """Every grant that there is, and gistd's own words."""
    of_services = [f"{service}/{name}" for service, names in _SERVICES.items() for name in names]
    return [*(_grant(f"{name}:{short}") for name in of_services for short in _ACCESS), *map(_grant, map(str, Scope))]


def _legacy(word: str) -> Word:
    if word == EVERYTHING.text:
        return EVERYTHING
    client, slash, rest = word.rpartition("/")
    name, colon, access = rest.partition(":")
    name, access = _ALIASES.get(name, name), access if colon else _READ
    if slash and name.upper() not in _SERVICES.get(client, ()):
        raise _unknown(word)
    return Word(f"{client}{slash}{name}:{access}", _scopes(word, _LEGACY.get(name), access))


def _grant(word: str) -> Word:
    if word in set(Scope):
        return Word(word, frozenset({Scope(word)}))
    service, _, rest = word.partition("/")
    name, colon, short = rest.partition(":")
    short = short if colon else "RO"
    if name not in _SERVICES.get(service, ()):
        raise _unknown(word)
    return Word(f"{service}/{name}:{short}", _scopes(word, _GRANTS[name], _ACCESS.get(short)))


def _scopes(word: str, part: str | None, access: str | None) -> frozenset[Scope]:
    if part is None or access not in (_READ, _WRITE):
        raise _unknown(word)
    return frozenset({Scope(f"{part}:{access}")})


def _unknown(word: str) -> Invalid:
    words = f"there is no scope {word[:80]!r}"
    return Invalid(words, {"scope": [words]})


def _each_once(words: Iterable[Word]) -> list[Word]:
    return list(dict.fromkeys(words))
