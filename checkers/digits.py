"""How near a stated number must be: as many digits as are written, but not fewer than are asked.

A number with at least two decimals or three significant digits is right when it is the true value rounded, or cut off,
to the digits shown. Besides, a relative tolerance forgives what rounding on the way has cost. A form without decimals
is exact.
"""

from __future__ import annotations

import math

from notation.tree import Expr, Neg, Num, walk

EXACT = 1e-9  # of float64 evaluation of an exact form
DECIMALS, SIGNIFICANT = 2, 3  # the digits asked: one of the two is enough
# Wide enough for 7.67 = 7.66 + a slip of the last digit, narrow enough to tell cos 3 from -0.98.
RELATIVE = 5e-3


def agrees(side: Expr, value: float, truth: float, relative: float = RELATIVE) -> bool:
    """Whether a stated side, worth `value`, says what is true.

    >>> from notation.tree import number
    >>> agrees(number("12.0"), 12.0, 11.98), agrees(number("0.1"), 0.1, 0.1411), agrees(number("7.38"), 7.38, 7.389)
    (True, False, True)
    """
    if not math.isfinite(value):
        return False
    off = abs(value - truth)
    if off <= EXACT * max(1.0, abs(truth)):
        return True
    text = written(side)
    if text is None:
        decimal = any("." in n.text or "e" in n.text.lower() for n in walk(side) if isinstance(n, Num))
        return decimal and off <= max(relative * abs(truth), 10.0**-DECIMALS / 2)
    if off <= relative * abs(truth) and len(_significant(text)) > 1:
        return True
    step = 10.0 ** -decimals_of(text)
    enough = decimals_of(text) >= DECIMALS or len(_significant(text)) >= SIGNIFICANT
    cut = off < step * (1 + EXACT) and abs(value) <= abs(truth)
    return enough and (off <= step / 2 * (1 + 1e-6) or cut)


def too_coarse(side: Expr, value: float, truth: float) -> bool:
    """Whether a stated number is the true value, but rounded to fewer digits than are asked."""
    text = written(side)
    return text is not None and abs(value - truth) <= 10.0 ** -decimals_of(text) / 2 and not agrees(side, value, truth)


def written(side: Expr) -> str | None:
    """The digits of a plain number as they are written; None for anything longer."""
    body = side.body if isinstance(side, Neg) else side
    return body.text if isinstance(body, Num) and body.text else None


def decimals_of(text: str) -> int:
    """How many decimals are written.

    >>> decimals_of("0.70"), decimals_of("12"), decimals_of("1.5e-3")
    (2, 0, 4)
    """
    mantissa, _, exponent = text.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)


def _significant(text: str) -> str:
    mantissa = text.lower().partition("e")[0]
    return mantissa.replace(".", "").lstrip("0")
