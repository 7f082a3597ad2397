"""The characters of formulas and their LaTeX commands: one table for reading and for printing.

Typst and MathML take the characters themselves, so LaTeX alone needs names.
"""

from __future__ import annotations

# Letters: each stands for an identifier.
LETTERS: dict[str, str] = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ϵ": "epsilon", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "ϕ": "phi", "φ": "varphi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi",
    "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ℓ": "ell", "∂": "partial", "∇": "nabla", "∞": "infty",
}  # fmt: skip

# Operators, relations and punctuation that have a LaTeX command; ASCII ones stand for themselves.
SIGNS: dict[str, str] = {
    "⊙": "odot", "⊘": "oslash", "⊗": "otimes", "⊕": "oplus", "∘": "circ", "·": "cdot", "×": "times", "÷": "div",
    "±": "pm", "∗": "ast", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "∼": "sim", "∝": "propto",
    "∈": "in", "∉": "notin", "⊂": "subset", "⊆": "subseteq", "∪": "cup", "∩": "cap", "→": "to", "←": "leftarrow",
    "⇒": "Rightarrow", "⟹": "implies", "↦": "mapsto", "≪": "ll", "≫": "gg", "…": "ldots", "⋯": "cdots",
    "⋮": "vdots", "⋱": "ddots", "⊤": "top", "⊥": "perp", "∀": "forall", "∃": "exists", "∧": "land", "∨": "lor",
    "†": "dagger", "★": "star", "∣": "mid",
}  # fmt: skip

# Other spellings of the same commands.
SYNONYMS: dict[str, str] = {
    "leq": "le", "geq": "ge", "neq": "ne", "rightarrow": "to", "longrightarrow": "to", "dots": "ldots", "wedge": "land",
    "vee": "lor", "gets": "leftarrow", "iff": "Rightarrow", "varnothing": "emptyset", "intercal": "top",
    "leqslant": "le", "geqslant": "ge", "dotsc": "ldots", "dotsb": "cdots", "thicksim": "sim",
}  # fmt: skip

BIG: dict[str, str] = {"∑": "sum", "∏": "prod", "∫": "int"}

# Function words for which LaTeX has a command of its own.
WORDS = frozenset(
    {"arg", "cos", "cosh", "coth", "det", "dim", "exp", "gcd", "inf", "ker", "lim", "ln", "log", "max", "min", "sin"}
    | {"sinh", "sup", "tan", "tanh"}
)

DELIMITERS: dict[str, str] = {
    "(": "(", ")": ")", "[": "[", "]": "]", "{": "\\{", "}": "\\}", "|": "|", "‖": "\\|", "⌊": "\\lfloor",
    "⌋": "\\rfloor", "⌈": "\\lceil", "⌉": "\\rceil", "⟨": "\\langle", "⟩": "\\rangle", "": ".", "/": "/",
}  # fmt: skip

# Letters of other alphabets with characters of their own, for output without fonts to choose.
BLACKBOARD = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
CALLIGRAPHIC = dict(zip("BEFHILMR", "ℬℰℱℋℐℒℳℛ", strict=True))

ACCENTS = frozenset(["hat", "tilde", "bar", "dot", "ddot", "vec", "overline", "overrightarrow", "overleftarrow"])

COMMANDS: dict[str, str] = {name: char for table in (LETTERS, SIGNS, BIG) for char, name in table.items()} | {
    synonym: char for synonym, name in SYNONYMS.items() for char, n in SIGNS.items() if n == name
}
