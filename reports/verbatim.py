"""Text of unknown origin made showable: no invisible characters, no endless lines, no endless text."""

from __future__ import annotations

import re

MAX_SHOWN = 6000  # characters of one unreadable answer; two pages, and more would only hide the rest of the sheet
_RUN = 24  # characters after which a run may be broken; short enough for the narrowest column
ZERO_WIDTH_SPACE = "\u200b"
# Control characters, lone surrogates and marks that turn the direction of writing: what is shown is what is there.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

MAX_LABEL = 100  # characters, mathematics spelled out; a longer label leaves the page


def visible(text: str) -> str:
    """The text with a replacement character for each that has no glyph or would reorder its neighbours.

    >>> visible("a\u202eb\\n")
    'a\ufffdb\\n'
    """
    return _INVISIBLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def breakable(text: str) -> str:
    """The text with an invisible place to break after every 24 characters of a run.

    >>> breakable("a" * 30).count(ZERO_WIDTH_SPACE)
    1
    """
    return re.sub(rf"(\S{{{_RUN}}})(?=\S)", rf"\1{ZERO_WIDTH_SPACE}", text)


def shortened(text: str) -> str:
    """The text, or its beginning with a note on what was left out."""
    if len(text) <= MAX_SHOWN:
        return text
    return text[:MAX_SHOWN] + f"\n... ({len(text) - MAX_SHOWN} more characters)"


def brief(text: str) -> str:
    """A label or cell short enough for its place.

    >>> len(brief("x" * 3000))
    101
    """
    return text if len(text) <= MAX_LABEL else text[:MAX_LABEL] + "…"
