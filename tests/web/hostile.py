"""Strangers' text that tries to run a script or to ask for something elsewhere: at least 2,000 ways, each in its place.

Wherever one of them succeeds, it calls `hit()`, makes a dialog, or asks for an address that is not the server's.
"""

from collections.abc import Iterator
from itertools import product

OUTSIDE = "http://outside.invalid"
_CALL = "alert(1)"

_TAGS = [
    f"<script>{_CALL}</script>",
    f"<script src={OUTSIDE}/x.js></script>",
    f"<ScRiPt\n>{_CALL}</sCrIpT >",
    f"<img src=x onerror={_CALL}>",
    f"<img src={OUTSIDE}/x.png>",
    f"<svg onload={_CALL}>",
    f"<svg/onload={_CALL}//",
    f"<body onload={_CALL}>",
    f"<iframe srcdoc='<script>{_CALL}</script>'></iframe>",
    f"<iframe src={OUTSIDE}></iframe>",
    f"<object data={OUTSIDE}/x></object>",
    f"<embed src={OUTSIDE}/x>",
    f"<link rel=stylesheet href={OUTSIDE}/x.css>",
    f"<style>@import '{OUTSIDE}/x.css';*{{background:url({OUTSIDE}/y)}}</style>",
    f"<meta http-equiv=refresh content='0;url={OUTSIDE}'>",
    f"<base href={OUTSIDE}/>",
    f"<form action={OUTSIDE}><input autofocus onfocus={_CALL}></form>",
    f"<video src={OUTSIDE}/v autoplay></video>",
    f"<audio src={OUTSIDE}/a autoplay></audio>",
    f"<details open ontoggle={_CALL}>x</details>",
    f"<marquee onstart={_CALL}>x</marquee>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_CALL}></style></mglyph></table></mtext></math>",
    f"<svg><foreignObject><body xmlns='http://www.w3.org/1999/xhtml' onload={_CALL}></foreignObject></svg>",
    f"<svg><use href='{OUTSIDE}/x.svg#a'/></svg>",
    f"<svg><image href='{OUTSIDE}/i.png'/></svg>",
    f"<svg><animate onbegin={_CALL} attributeName=x dur=1s>",
    f'<noscript><p title="</noscript><img src=x onerror={_CALL}>">',
    f"<template><img src=x onerror={_CALL}></template>",
    f"<a href=javascript:{_CALL} autofocus onfocus={_CALL}>x</a>",
    f"<div style='background:url({OUTSIDE}/z)'>x</div>",
    f"<x onclick={_CALL} autofocus tabindex=1 onfocus={_CALL}>x</x>",
    f"<textarea><img src=x onerror={_CALL}></textarea>",
    f"<!--><img src=x onerror={_CALL}>-->",
    f"<![CDATA[><img src=x onerror={_CALL}>]]>",
    f"<?xml-stylesheet href='{OUTSIDE}/x.xsl'?>",
    f"<xmp><p title='</xmp><img src=x onerror={_CALL}>'>",
    f"<select><style></select><img src=x onerror={_CALL}></style>",
    f"<input type=image src={OUTSIDE}/i formaction=javascript:{_CALL}>",
    f"<button popovertarget=x onbeforetoggle={_CALL}>x</button>",
    f"<dialog open oncancel={_CALL}><img src=x onerror={_CALL}></dialog>",
]
_BREAKOUTS = [
    "",
    '">',
    "'>",
    "</td></tr></table>",
    "</pre></code>",
    "</textarea>",
    "</title>",
    "</script>",
    "-->",
    "\u202e",
]

_MARKDOWN = [
    "[a](javascript:{0})",
    "[a](JaVaScRiPt:{0})",
    "[a](java\tscript:{0})",
    "[a](java&#10;script:{0})",
    "[a](&#x6A;avascript:{0})",
    "[a](data:text/html,<script>{0}</script>)",
    "[a](vbscript:{0})",
    "<javascript:{0}>",
    "![a](javascript:{0})",
    "![a]({1}/i.png)",
    '![a]({1}/i.png "onerror={0}")',
    "[a][x]\n\n[x]: javascript:{0}",
    "![a][x]\n\n[x]: {1}/x.png",
    '[a](x "\\" onmouseover={0} ")',
    "`<img src=x onerror={0}>`",
    "```html\n<img src=x onerror={0}>\n```",
    '```"><img src=x onerror={0}>\nx\n```',
    "    <img src=x onerror={0}>",
    "| a |\n|---|\n| <img src=x onerror={0}> |",
    "# <img src=x onerror={0}>",
    "- [x] <img src=x onerror={0}>",
    "[^1]\n\n[^1]: <img src=x onerror={0}>",
    "> [!NOTE]\n> <img src=x onerror={0}>",
    "<a id=csrf name=body href='javascript:{0}'>x</a>",
    "<img name=getElementById src={1}/i>",
    "[a](//outside.invalid/x)\n![b](//outside.invalid/y.png)",
    "<svg><script>{0}</script></svg>",
    "<p onclick={0}>x",
    "&lt;img src=x onerror={0}&gt;",
    "<picture><source srcset={1}/s><img src=x></picture>",
    "[a](\u0001javascript:{0})",
    "[a](javascript&colon;{0})",
]


def tags() -> list[str]:
    """Each tag after each way to break out of where it is shown."""
    return [before + tag for before, tag in product(_BREAKOUTS, _TAGS)]


def documents() -> dict[str, str]:
    """Files for a gist's page, by name: Markdown, pictures, tables, and code of all kinds."""
    files = {}
    for number, text in enumerate([*(each.format(_CALL, OUTSIDE) for each in _MARKDOWN), *tags()]):
        files[f"m{number:03}.md"] = text + "\n"
    for number, tag in enumerate(tags()):
        files[f"s{number:03}.svg"] = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{_CALL}">{tag}</svg>'
        files[f"t{number:03}.csv"] = f'a,b\n"{tag.replace(chr(34), chr(34) * 2)}",=cmd|x\n'
    for number, (kind, tag) in enumerate(product(("html", "js", "php", "xml", "diff"), _TAGS)):
        files[f"c{number:03}.{kind}"] = tag + "\n"
    return files


def raw() -> Iterator[tuple[str, bytes]]:
    """Files to be opened by themselves: names and bytes that a browser may take for something that runs."""
    kinds = [
        "html",
        "htm",
        "xhtml",
        "xml",
        "svg",
        "mhtml",
        "hta",
        "js",
        "mjs",
        "css",
        "pdf",
        "swf",
        "htc",
        "xsl",
        "txt",
        "md",
        "json",
        "",
    ]
    starts = [
        b"",
        b"\xef\xbb\xbf",
        b"GIF89a/*",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.4\n",
        b"<?xml version='1.0'?>",
        b"+ADw-",
    ]
    body = f"<html><script>{_CALL}</script><img src={OUTSIDE}/x onerror={_CALL}>".encode()
    for number, (kind, start) in enumerate(product(kinds, starts)):
        yield f"r{number:03}{'.' * bool(kind)}{kind}", start + body


def names() -> list[str]:
    """Names of files: without line ends, folders that a tag would make, and characters that no file may have."""
    return [tag.replace("/", "\u2215").replace("\n", " ").replace("\\", "")[:200] + ".txt" for tag in _TAGS]
