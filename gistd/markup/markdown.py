"""Markdown as GitHub writes it (GFM: tables, task lists, footnotes, alerts), made into HTML that is safe in a page.

Raw HTML is allowed in it, as people expect; what makes it safe is the sanitizer that everything goes through last.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.gfm import gfm_plugin

from . import NEAR, PREFIX
from .highlight import by_name, coloured

_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*:|//")
_TEXT = {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "br",
    "hr",
    "blockquote",
    "div",
    "span",
    "details",
    "summary",
    "section",
}
_INLINE = {"a", "abbr", "b", "code", "del", "em", "i", "img", "input", "ins", "kbd", "mark", "q", "s", "samp", "small"}
_MORE = {"strong", "sub", "sup", "u", "var", "pre", "ul", "ol", "li", "dl", "dt", "dd"}
_TABLE = {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"}
_TAGS = _TEXT | _INLINE | _MORE | _TABLE
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_CLASSES = re.compile(
    r"language-[\w+#.-]{1,40}|markdown-alert(-title|-note|-tip|-important|-warning|-caution)?|task-list-item"
    r"|task-list-item-checkbox|contains-task-list|footnotes?(-ref|-item|-backref|-sep|s-list)?|[a-z][a-z0-9]{0,2}"
)
_ALIGNED = {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}
_ATTRIBUTES = {
    "*": {"class", "id", "title", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "input": {"type", "checked", "disabled", "class"},
    "ol": {"start"},
    "th": {"align", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
    "details": {"open"},
}


def render(words: str) -> tuple[str, list[tuple[int, str, str]]]:
    """(HTML, headings): each heading with its level, its id and its text."""
    environment: EnvType = {}
    tokens = _parser.parse(words, environment)
    headings = list(_headings(tokens))
    html = _parser.renderer.render(tokens, _parser.options, environment)
    return _clean(html), headings


def _headings(tokens: list[Token]) -> Iterator[tuple[int, str, str]]:
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inside.children or [] if child.type in ("text", "code_inline"))
            yield int(opening.tag[1]), PREFIX + str(opening.attrGet("id") or ""), text


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
        id_prefix=PREFIX,
        set_tag_attribute_values={"input": {"disabled": "", "type": "checkbox"}, "img": {"loading": "lazy"}},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if _CLASSES.fullmatch(word)) or None
    if tag == "img" and name == "src":
        return None if _SCHEME.match(value.strip()) else _near(value)  # nobody's server hears who reads
    if tag == "a" and name == "href":
        if value.startswith("#"):
            return f"#{PREFIX}{value[1:]}"
        return value if _SCHEME.match(value.strip()) else _near(value)
    if tag == "input" and name == "type":
        return value if value == "checkbox" else None
    return value


def _near(value: str) -> str | None:
    """A relative address, below the folder that the text is in."""
    path = value.strip().removeprefix("./")
    return None if path.startswith(("/", "\\")) or ".." in path.split("/") else NEAR + path


def _image(renderer: RendererHTML, tokens: list[Token], number: int, options: OptionsDict, environment: EnvType) -> str:
    """An image from elsewhere becomes a link to it: the pages load nothing from other hosts."""
    token = tokens[number]
    source = str(token.attrGet("src") or "")
    if not _SCHEME.match(source):
        return renderer.image(tokens, number, options, environment)
    words = renderer.renderInlineAsText(token.children or [], options, environment) or source
    return f'<a href="{escapeHtml(source)}">{escapeHtml(words)}</a>'


def _coloured(words: str, language: str, _: str) -> str:
    return coloured(by_name(language), words) if language else ""


def _aligned(renderer: RendererHTML, tokens: list[Token], number: int, options: OptionsDict, _: EnvType) -> str:
    """The style of a cell as an attribute: the pages allow no inline style."""
    token = tokens[number]
    if align := _ALIGNED.get(str(token.attrs.pop("style", ""))):
        token.attrSet("align", align)
    return renderer.renderToken(tokens, number, options, {})


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "highlight": _coloured})
    parser.use(gfm_plugin).use(front_matter_plugin).use(anchors_plugin, max_level=6)
    rules: dict[str, Callable[..., str]] = {"image": _image, "th_open": _aligned, "td_open": _aligned}
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_parser = _make_parser()
