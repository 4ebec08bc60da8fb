"""Both grammars of scopes, and what each word grants."""

import pytest

from gistd.core import scopes
from gistd.core.access import ALL_SCOPES, Scope
from gistd.errors import Invalid

LEGACY = [
    ("pastes:read", "pastes:read", "gist:read"),
    ("pastes:write", "pastes:write", "gist:write"),
    ("pastes", "pastes:read", "gist:read"),
    ("paste:write", "pastes:write", "gist:write"),
    ("paste", "pastes:read", "gist:read"),
    ("paste.sr.ht/pastes:write", "paste.sr.ht/pastes:write", "gist:write"),
    ("paste.sr.ht/paste", "paste.sr.ht/pastes:read", "gist:read"),
    ("profile", "profile:read", "user:read"),
    ("profile:write", "profile:write", "user:write"),
    ("meta.sr.ht/profile", "meta.sr.ht/profile:read", "user:read"),
    ("paste.sr.ht/profile:read", "paste.sr.ht/profile:read", "user:read"),
    ("gist:write,user:read", "gist:write,user:read", "gist:write user:read"),
    ("pastes:read, profile:read", "pastes:read,profile:read", "gist:read user:read"),
    ("pastes,paste:read,pastes:read", "pastes:read", "gist:read"),
    ("*", "*", "gist:read gist:write user:read user:write"),
]
GRANTS = [
    ("paste.sr.ht/PASTES:RO", "paste.sr.ht/PASTES:RO", "gist:read"),
    ("paste.sr.ht/PASTES:RW", "paste.sr.ht/PASTES:RW", "gist:write"),
    ("paste.sr.ht/PASTES", "paste.sr.ht/PASTES:RO", "gist:read"),
    ("meta.sr.ht/PROFILE:RW", "meta.sr.ht/PROFILE:RW", "user:write"),
    (
        "  paste.sr.ht/PASTES   paste.sr.ht/PROFILE ",
        "paste.sr.ht/PASTES:RO paste.sr.ht/PROFILE:RO",
        "gist:read user:read",
    ),
    ("gist:write user:read", "gist:write user:read", "gist:write user:read"),
    ("paste.sr.ht/PASTES paste.sr.ht/PASTES:RO", "paste.sr.ht/PASTES:RO", "gist:read"),
    ("", "", ""),
]


@pytest.mark.parametrize(("said", "canonical", "granted"), LEGACY)
def test_legacy_scopes(said: str, canonical: str, granted: str) -> None:
    words = scopes.legacy(said)
    assert ",".join(word.text for word in words) == canonical
    assert " ".join(sorted(scopes.granted_by(words))) == granted


@pytest.mark.parametrize(("said", "canonical", "granted"), GRANTS)
def test_grants(said: str, canonical: str, granted: str) -> None:
    words = scopes.grants(said)
    assert " ".join(word.text for word in words) == canonical
    assert " ".join(sorted(scopes.granted_by(words))) == granted


@pytest.mark.parametrize(
    "said",
    [
        "",
        ",",
        "pastes:",
        "pastes:rw",
        "pastes:read:write",
        "a/pastes",
        "meta.sr.ht/pastes",
        "paste.sr.ht/meta.sr.ht/pastes",
        "keys:read",
        "audit",
        "PASTES:read",
        "pastes:RO",
        "/pastes",
        "pastes/",
        "pastes read",
        "*:write",
        "x" * 5000,
        "\x00",
    ],
)
def test_no_legacy_scopes(said: str) -> None:
    with pytest.raises(Invalid):
        scopes.legacy(said)


@pytest.mark.parametrize(
    "said",
    [
        "*",
        "PASTES:RO",
        "pastes:read",
        "paste.sr.ht/pastes:RO",
        "paste.sr.ht/PASTES:",
        "paste.sr.ht/PASTES:WO",
        "gist",
        "meta.sr.ht/PASTES",
        "paste.sr.ht/PASTES:RO:RW",
        "paste.sr.ht/PASTES/x",
        "git.sr.ht/REPOSITORIES",
        "gist:read,user:read",
    ],
)
def test_no_grants(said: str) -> None:
    with pytest.raises(Invalid):
        scopes.grants(said)


def test_every_scope_has_a_word_in_each() -> None:
    assert [scopes.in_legacy(scope) for scope in Scope] == [
        "pastes:read",
        "pastes:write",
        "profile:read",
        "profile:write",
    ]
    assert [scopes.in_grants(scope) for scope in Scope] == ["PASTES:RO", "PASTES:RW", "PROFILE:RO", "PROFILE:RW"]
    assert scopes.granted_by(scopes.all_grants()) == ALL_SCOPES
    assert all(scopes.grants(word.text) == [word] for word in scopes.all_grants())


def test_what_is_granted_is_of_what_was_asked_for() -> None:
    asked = scopes.grants("paste.sr.ht/PASTES:RO paste.sr.ht/PROFILE:RO")
    assert scopes.narrowed(asked, ["paste.sr.ht/PASTES:RW", "paste.sr.ht/PROFILE:RO"]) == asked[1:]
