"""The head that all pages of reports have: what a page may load, its style, its title."""

from __future__ import annotations

import base64
import hashlib

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; base-uri 'none';
 form-action 'none'; {allowed}">
<meta name="generator" content="{generator}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>"""


def html_head(title: str, generator: str, style: str, script: str = "") -> str:
    """Return the begin of a page, up to the end of its head; ``title`` is HTML.

    The content security policy allows this style and this script alone, and pictures that the page holds itself: no
    request over the network.
    """
    allowed = [f"style-src {_hash(style)}", *([f"script-src {_hash(script)}"] if script else [])]
    return _HEAD.format(title=title, generator=generator, style=style, allowed="; ".join(allowed))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
