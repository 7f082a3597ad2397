"""Bounds on untrusted text, in one place. Each number has its reason."""

from __future__ import annotations

from typing import Final

# The longest formula in the source documents has about 900 characters; a page of text has 3000.
MAX_TEXT: Final = 20_000
# A formula of a page has some 2000 tokens; more is noise or an attack.
MAX_TOKENS: Final = 6_000
# Python's recursion limit is 1000 and the reader uses about 8 frames a level.
MAX_DEPTH: Final = 60
# 10^40 exceeds every count a network has.
MAX_DIGITS: Final = 40
# Float64 overflows beyond 308; powers above 60 do not occur in this field.
MAX_EXPONENT: Final = 400
# Sums over sampled sizes have at most some tens of terms; literal ranges (a sum to 1000) stay feasible.
MAX_RANGE: Final = 20_000
# Work of one evaluation, in visited nodes: two seconds at most.
MAX_VISITS: Final = 400_000
# Recursion depth of a student's own recursive definition (steps of a short sequence, with slack).
MAX_RECURSION: Final = 64
