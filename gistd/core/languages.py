"""The languages that people choose for a file, in the words of each dialect.

What is kept is the word that was chosen; a dialect that has words of its own for languages is told which of them
means the same. What Pygments knows, by any of its aliases, is what two words have in common.
"""

import difflib
import gc
from functools import cache
from typing import NamedTuple

from pygments.lexers import find_lexer_class, get_all_lexers, guess_lexer, guess_lexer_for_filename
from pygments.util import ClassNotFound

from . import text

_GUESSED_FROM = 1000
"""How many characters a language is guessed from: there is text that Pygments takes seconds for 8,000 of."""

# highlight.js's names, which paste.gg speaks; those that it takes in another spelling than it gives.
_RESPELT = {
    "onec": "1c",
    "clojurerepl": "clojure-repl",
    "cplusplus": "cpp",
    "csharp": "cs",
    "embeddedruby": "erb",
    "erlangrepl": "erlang-repl",
    "jbosscli": "jboss-cli",
    "juliarepl": "julia-repl",
    "lindenscriptinglanguage": "lsl",
    "protocolbuffers": "protobuf",
    "standardml": "sml",
    "vbscripthtml": "vbscript-html",
}
_NAMES = """
abnf accesslog actionscript ada apache applescript arduino armasm asciidoc aspectj autohotkey autoit avrasm
awk axapta bash basic bnf brainfuck cal capnproto ceylon clean clojure cmake coffeescript coq cos crmsh
crystal csp css d dart delphi diff django dns dockerfile dos dsconfig dts dust ebnf elixir elm erlang excel
fix flix fortran fsharp gams gauss gcode gherkin glsl go golo gradle groovy haml handlebars haskell haxe hsp
htmlbars http hy inform7 ini irpf90 java javascript json julia kotlin lasso ldif leaf less lisp
livecodeserver livescript llvm lua makefile markdown mathematica matlab maxima mel mercury mipsasm mizar
mojolicious monkey moonscript n1ql nginx nimrod nix nsis objectivec ocaml openscad oxygene parser3 perl pf
php pony powershell processing profile prolog puppet purebasic python q qml r rib roboconf routeros rsl ruby
ruleslanguage rust scala scheme scilab scss shell smali smalltalk sqf sql stan stata step21 stylus subunit
swift taggerscript tap tcl tex thrift tp twig typescript vala vbnet vbscript verilog vhdl vim x86asm xl xml
xquery yaml zephir
"""
HIGHLIGHT = frozenset(_NAMES.split()) | frozenset(_RESPELT) | frozenset(_RESPELT.values())
"""What paste.gg takes for the name of a language."""

# What highlight.js and Pygments call by different names.
_LEXERS = {
    "capnproto": "capnp",
    "clojure-repl": "clojure",
    "dos": "batch",
    "erlang-repl": "erlang",
    "gradle": "groovy",
    "htmlbars": "html+handlebars",
    "x86asm": "nasm",
}
# What has no name of its own in highlight.js, but is treated there as something that has.
_TREATED_AS = {"c": "cpp", "html": "xml", "toml": "ini"}


# What has no name in Pygments, or another one than people see.
_OURS = {"csv": "CSV", "svg": "SVG", "text": "Text", "text only": "Text", "txt": "Text"}


class Language(NamedTuple):
    """A language as Pygments has it: its name for people, the first of its aliases, and of its types if it has any."""

    name: str
    alias: str
    mime_type: str | None


def known(word: str) -> Language | None:
    """The language that somebody means by the word, if Pygments knows it; case ignored."""
    word = word.lower()
    return _pygments().get(_LEXERS.get(word, word))


def named(word: str) -> str | None:
    """The name, as files carry it, of the language that somebody means by the word; case ignored."""
    meant = known(word)
    return _OURS.get(word.lower()) or (meant.name if meant else None)


def near(word: str) -> str | None:
    """A word for a language that is written much like this one."""
    found = difflib.get_close_matches(word.lower(), {**_pygments(), **_OURS}, 1)
    return found[0] if found else None


def spoken(path: str, chosen: str | None) -> str:
    """What a file is written in: what somebody chose, where that is known, else what its name tells; maybe empty."""
    return (named(chosen) if chosen else None) or text.language(path)


def from_highlight(word: str) -> str | None:
    """highlight.js's name for what a client of paste.gg calls so, in either spelling; None if there is none."""
    return _RESPELT.get(word, word) if word in HIGHLIGHT else None


def to_highlight(word: str) -> str | None:
    """highlight.js's name for a language that somebody chose by this word; None if there is none."""
    meant = known(word)
    return from_highlight(word) or (_highlight_names().get(meant.alias) if meant else None)


def guess(name: str | None, content: str) -> str:
    """The alias of the language that Pygments guesses from the name of a file and the beginning of its text."""
    _load_lexers()
    content = content[:_GUESSED_FROM]
    try:
        lexer = guess_lexer(content) if name is None else guess_lexer_for_filename(name, content)
    except ClassNotFound:
        lexer = guess_lexer(content)
    return str(lexer.aliases[0])


@cache
def _load_lexers() -> None:
    """Load all lexers, as a guess needs them. They stay, and are many: whoever looks for garbage leaves them alone."""
    for name, *_ in get_all_lexers(plugins=False):
        find_lexer_class(name)
    gc.collect()
    gc.freeze()


@cache
def _pygments() -> dict[str, Language]:
    """Each alias with its language. Read from Pygments' table: it loads no lexer."""
    languages: dict[str, Language] = {}
    for name, aliases, _, types in get_all_lexers(plugins=False):
        for word in (*aliases, name.lower()) if aliases else ():
            languages.setdefault(word, Language(name, aliases[0], next(iter(types), None)))
    return languages


@cache
def aliases() -> dict[str, str]:
    """Each alias that Pygments has for a language, with the name of the language."""
    return {alias: name for name, words, _, _ in get_all_lexers(plugins=False) for alias in words}


@cache
def _highlight_names() -> dict[str, str]:
    """highlight.js's name of each language of Pygments' that has one, by its first alias."""
    names = {meant.alias: word for word in sorted(HIGHLIGHT, reverse=True) if (meant := known(word))}
    return _TREATED_AS | names
