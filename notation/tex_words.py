"""Any text as words for LaTeX: escaped character by character, so that none of it is a command.

>>> escaped(r"50% \\input{x}")
'50\\\\% \\\\textbackslash{}input\\\\{x\\\\}'
"""

from __future__ import annotations

import unicodedata

from notation import symbols

# Every character that is special to TeX or takes part in a ligature of the T1 fonts.
_ESCAPES = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "_": "\\_", "%": "\\%",
    "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "<": "\\textless{}", ">": "\\textgreater{}",
    '"': "\\textquotedbl{}", "`": "\\textasciigrave{}", "|": "\\textbar{}", "-": "-", "–": "--", "—": "---", "‘": "`",
    "’": "'", "“": "``", "”": "''", "…": "\\dots{}", "−": "$-$", "½": "\\textonehalf{}", "¼": "\\textonequarter{}",
    "¾": "\\textthreequarters{}", "\u00a0": "~", "\n": " ", "\t": " ", "\u200b": "\\hspace{0pt}",
    "°": "\\textdegree{}", "√": "$\\surd$", "∑": "$\\sum$", "∏": "$\\prod$",
}  # fmt: skip


def escaped(text: str) -> str:
    """The text for LaTeX; characters that the fonts lack show as their code point."""
    return "".join(_character(c) for c in text)


def _character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if unicodedata.category(char) in ("Cc", "Cs"):
        return ""  # TeX stops at control characters
    if " " <= char <= "~" or ("À" <= char <= "ÿ" and char not in "×÷"):
        return char
    for table in (symbols.LETTERS, symbols.SIGNS):
        if char in table:
            return f"$\\{table[char]}$"
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and plain.isascii() and plain.isprintable():
        return escaped(plain)
    base = unicodedata.normalize("NFKD", char)[0]
    if base.isascii() and base.isalpha():
        return base
    return f"\\fbox{{\\tiny U+{ord(char):04X}}}"
