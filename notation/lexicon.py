"""The symbols of the language as they are typed: characters, commands and function names with their canonical
spelling."""

from __future__ import annotations

import difflib
from typing import Final

_LOWER = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
).split()
_UPPER = [name.capitalize() for name in _LOWER]

# Command name -> canonical letter. Variants (\varphi, \varepsilon) are the same letter.
GREEK: Final[dict[str, str]] = {
    **{n: n for n in _LOWER + _UPPER},
    **{f"var{n}": n for n in ("epsilon", "theta", "phi", "rho", "sigma", "pi", "kappa")},
    "ell": "ell",
}
GREEK_LETTERS: Final[dict[str, str]] = {
    **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _LOWER, strict=True)),
    **dict(zip("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", _UPPER, strict=True)),
    "ς": "sigma",
    "ϕ": "phi",
    "ϵ": "epsilon",
    "ϑ": "theta",
    "µ": "mu",
    "ℓ": "ell",
}

ACCENT_COMMANDS: Final[dict[str, str]] = {
    "hat": "hat",
    "widehat": "hat",
    "tilde": "tilde",
    "widetilde": "tilde",
    "bar": "bar",
    "overline": "bar",
    "dot": "dot",
    "ddot": "ddot",
    "check": "check",
    "breve": "breve",
    "overrightarrow": "overrightarrow",
    "overleftarrow": "overleftarrow",
}
COMBINING: Final[dict[str, str]] = {
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
    "\u20d6": "overleftarrow",
    "\u20d7": "overrightarrow",
}
# Suffixes that plain text uses for accents: y_hat, Ctilde.
ACCENT_WORDS: Final[dict[str, str]] = {"hat": "hat", "tilde": "tilde", "bar": "bar", "tild": "tilde", "til": "tilde"}

FONTS: Final = frozenset(
    "mathbf mathit mathrm mathcal mathscr mathfrak mathsf mathtt boldsymbol bm pmb vec operatorname mathbb bf rm it "
    "mathnormal displaystyle textstyle scriptstyle limits nolimits underline mathop mathbin mathrel boxed fbox "
    "ensuremath bold symbf mathbbm".split()
)
TEXT_COMMANDS: Final = frozenset("text mbox textrm textbf textit texttt textnormal textsf emph hbox intertext".split())

STRUCTURE: Final[dict[str, str]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "sfrac"), "frac"),
    "sqrt": "sqrt",
    "sum": "sum",
    **dict.fromkeys(("prod", "bigodot"), "product"),
    **{n: n for n in ("lfloor", "rfloor", "lceil", "rceil", "lvert", "rvert", "binom")},
    "lVert": "lnorm",
    "rVert": "rnorm",
    **dict.fromkeys(("overset", "underset", "stackrel"), "overset"),
    **dict.fromkeys(("underbrace", "overbrace"), "underbrace"),
    "int": "integral",
}

_OPS: Final[dict[str, str]] = {
    "odot": "elementwise",
    "circ": "elementwise",
    "bullet": "elementwise",
    "ast": "*",
    "star": "*",
    "cdot": "dot",
    "times": "times",
    "otimes": "outer",
    "oslash": "/",
    "div": "/",
    "pm": "pm",
    **dict.fromkeys(("le", "leq", "leqslant"), "<="),
    **dict.fromkeys(("ge", "geq", "geqslant"), ">="),
    "lt": "<",
    "gt": ">",
    **dict.fromkeys(("ne", "neq"), "!="),
    **dict.fromkeys(("approx", "simeq", "cong", "equiv", "triangleq", "coloneqq", "doteq"), "="),
    "in": "in",
    "notin": "notin",
    "prime": "'",
    "mid": "|",
    "vert": "|",
    "Vert": "||",
    "langle": "langle",
    "rangle": "rangle",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "lbrack": "[",
    "rbrack": "]",
    "lparen": "(",
    "rparen": ")",
    "colon": ":",
}
# Command -> (token kind, canonical text).
OPERATOR_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    **{name: ("op", text) for name, text in _OPS.items()},
    "partial": ("partial", "partial"),
    "nabla": ("nabla", "nabla"),
    "top": ("top", "top"),
    "intercal": ("top", "top"),
    "infty": ("infinity", "infty"),
    **dict.fromkeys(("dots", "ldots", "cdots", "vdots"), ("ellipsis", "...")),
    **dict.fromkeys(("to", "rightarrow", "longrightarrow"), ("sep", "->")),
    **dict.fromkeys(
        ("Rightarrow", "implies", "Longrightarrow", "iff", "Leftrightarrow", "therefore", "because", "leadsto"),
        ("sep", "=>"),
    ),
    **dict.fromkeys(("land", "wedge"), ("word", "and")),
    "forall": ("word", "for"),
    "imath": ("name", "i"),
    "jmath": ("name", "j"),
    **dict.fromkeys(
        (
            "quad qquad hspace nonumber notag hline noindent centering thinspace enspace blacksquare square checkmark "
            "large Large small phantom medspace thickspace negthinspace qed"
        ).split(),
        ("space", ""),
    ),
    **dict.fromkeys(("par", "newline", "item", "smallskip", "medskip", "bigskip"), ("newline", "\n")),
}

_CHARACTER_OPS: Final[dict[str, str]] = {
    **{c: c for c in "+-*/^_()[]{}|,;=<>:'!&@#?"},
    **dict.fromkeys("−–‐‑－", "-"),
    "＋": "+",
    "＝": "=",
    "（": "(",
    "）": ")",
    "，": ",",
    **dict.fromkeys("·⋅∙・", "dot"),
    **dict.fromkeys("×✕✖", "times"),
    **dict.fromkeys("⊙ʘ☉⨀∘◦○", "elementwise"),
    "∗": "*",
    "⊗": "outer",
    **dict.fromkeys("⊘÷∕⁄", "/"),
    "±": "pm",
    **dict.fromkeys("≤⩽", "<="),
    **dict.fromkeys("≥⩾", ">="),
    "≠": "!=",
    **dict.fromkeys("≈≃≡≔≅≜", "="),
    "∈": "in",
    "∉": "notin",
    **dict.fromkeys("′’‘´", "'"),
    "″": "''",
    "∣": "|",
    "‖": "||",
    **dict.fromkeys("⟨〈", "langle"),
    **dict.fromkeys("⟩〉", "rangle"),
}
# Character -> (token kind, canonical text).
CHARACTERS: Final[dict[str, tuple[str, str]]] = {
    **{c: ("op", text) for c, text in _CHARACTER_OPS.items()},
    "—": ("sep", "-"),
    "•": ("bullet", "•"),
    "∂": ("partial", "partial"),
    "𝜕": ("partial", "partial"),
    "∇": ("nabla", "nabla"),
    "⊤": ("top", "top"),
    "∞": ("infinity", "infty"),
    "…": ("ellipsis", "..."),
    "⋯": ("ellipsis", "..."),
    "∑": ("cmd", "sum"),
    **dict.fromkeys(("∏", "⨀"), ("cmd", "product")),
    "√": ("cmd", "sqrt"),
    "⌊": ("cmd", "lfloor"),
    "⌋": ("cmd", "rfloor"),
    "⌈": ("cmd", "lceil"),
    "⌉": ("cmd", "rceil"),
    **dict.fromkeys("→⟶↦", ("sep", "->")),
    **dict.fromkeys("⇒⟹⇔⟺∴∵", ("sep", "=>")),
    "∀": ("word", "for"),
    "∧": ("word", "and"),
    "𝟙": ("ones", "1"),
    "𝟏": ("ones", "1"),
    "ℝ": ("name", "R"),
    ".": ("sep", "."),
    **dict.fromkeys('"“”„', ("space", "")),
    "½": ("num", "1/2"),
    "¼": ("num", "1/4"),
    "¾": ("num", "3/4"),
}
SPACES: Final = frozenset("~\u00a0\u2009\u200a\u202f\u2002\u2003\u2005\u200b\u2061\u2062\u2063\ufeff")

SUBSCRIPTS: Final[dict[str, str]] = {
    **dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", "0123456789+-=()", strict=True)),
    **dict(zip("ₐₑₒₓₕₖₗₘₙₚₛₜᵢᵣᵤᵥⱼ", "aeoxhklmnpstiruvj", strict=True)),
    **dict(zip("ᵦᵧᵨᵩᵪ", ("beta", "gamma", "rho", "phi", "chi"), strict=True)),
}
SUPERSCRIPTS: Final[dict[str, str]] = {
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾", "0123456789+-=()", strict=True)),
    **dict(zip("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ", "abcdefghijklmnoprstuvwxyzT", strict=True)),
}

# Spelling -> canonical function.
FUNCTIONS: Final[dict[str, str]] = {
    **{
        n: n
        for n in (
            "tanh sinh cosh sech coth sin cos tan exp log sqrt softmax diag floor ceil relu max min abs sign trace det"
        ).split()
    },
    **{
        n: n
        for n in (
            "sum mean vec softplus erf inner norm logsumexp transpose outer matmul hadamard square concat array"
        ).split()
    },
    **dict.fromkeys("sigmoid sigm sig logistic expit Sigmoid".split(), "sigmoid"),
    **dict.fromkeys("ReLU ReLu Relu RELU".split(), "relu"),
    **dict.fromkeys("Softmax SoftMax softargmax smax".split(), "softmax"),
    **dict.fromkeys("concatenate hstack vstack".split(), "concat"),
    **dict.fromkeys("arctanh atanh artanh".split(), "atanh"),
    **dict.fromkeys("th Tanh".split(), "tanh"),
    **dict.fromkeys("tr Tr".split(), "trace"),
    **dict.fromkeys("dot vdot".split(), "inner"),
    **dict.fromkeys("power pow".split(), "pow"),
    **dict.fromkeys("step heaviside".split(), "heaviside"),
    **dict.fromkeys("swish silu".split(), "swish"),
    "ln": "log",
    "Diag": "diag",
    "sgn": "sign",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "ceiling": "ceil",
    "multiply": "hadamard",
    "log2": "log2",
    "log10": "log10",
    "lg": "log10",
    "maximum": "max",
    "minimum": "min",
    "prod": "prodall",
}
# Prefixes of libraries in front of a function, `np.tanh`: dropped.
MODULES: Final = frozenset({"np", "numpy", "torch", "tf", "F", "math", "nn", "jnp", "linalg", "functional"})

# Operators that plain text spells as words.
SPELLED_OPERATORS: Final[dict[str, tuple[str, str]]] = {
    "odot": ("op", "elementwise"),
    "circ": ("op", "elementwise"),
    "cdot": ("op", "dot"),
    "otimes": ("op", "outer"),
    "times": ("op", "times"),
    "partial": ("partial", "partial"),
    "del": ("partial", "partial"),
    "nabla": ("nabla", "nabla"),
    "plus": ("op", "+"),
    "minus": ("op", "-"),
    "leq": ("op", "<="),
    "geq": ("op", ">="),
}

# Arguments of array functions by keyword; shapes already say what they choose.
KEYWORDS: Final = frozenset({"axis", "dim", "keepdims", "keepdim"})


def near_function(run: str) -> str:
    """The function that a run of three letters or more nearly spells, or nothing."""
    if len(run) < 3 or run in FUNCTIONS:
        return ""
    near = difflib.get_close_matches(run, [n for n in FUNCTIONS if len(n) > 2], n=1, cutoff=0.6)
    return near[0] if near else ""
