"""Loading an assignment: what is read, and what every mistake is told as."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest

from checkers import assignment as assignments
from checkers.assignment import find_assignment, json_schema, load_assignment, parse_assignment, read_title
from checkers.errors import AuthorError, UsageError


def test_reads_front_matter_and_questions(exam, exam_text):
    assert (exam.title, exam.course, exam.conventions) == ("Test of $f_t$", "A course", "Vectors are columns.\n")
    assert exam.ids == ("1a-i", "4a", "4a-hT", "5-mult")
    assert [q.marks for q in exam.questions] == [Fraction(1, 2), 5, 0, Fraction(3, 2)]
    assert [q.title for q in exam.questions] == ["place of $f_t$", "Gradient of \\# the cell", "", "count"]
    assert exam.question("4a").prompt == 'Express it -- "quoted" & so on.\n\n\nAfter the block.'
    assert exam.question("4a").spec.tolerance == 5e-4
    assert exam.question("4a").spec.value == "0.7"
    assert exam.preamble == "Read everything first."
    assert exam.out_of == 7
    assert exam.models["cell"].parameters == {"W_f": "n x (n+1)", "b_f": "3"}
    assert exam.models["cell"].forward.count("\n") == 2
    assert exam.digest == hashlib.sha256(exam_text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (("title",), None, 'title: "Test of $f_t$"'),
        (("models", "cell", "forward"), None, "forward: |"),
        (("models", "cell", "forward"), 0, "f_t = \\sigma(W_f x_t + b_f)"),
        (("models", "cell", "forward"), 1, "h_t = \\tanh(f_t)"),
        (("models", "cell", "parameters", "b_f"), 0, "b_f: 3"),
        (("models", "cell", "inputs", "x_t"), None, "inputs: {x_t: n}"),
        (("models", "cell", "nothing", "there"), None, "cell:"),
        (("questions", "4a"), None, "## 4a (5 marks) Gradient of \\# the cell"),
        (("questions", "4a", "model"), None, "model: cell"),
    ],
)
def test_line_of(exam, exam_text, path, text, expected):
    line = exam.line_of(*path, text=text)
    assert exam_text.split("\n")[line - 1].strip() == expected


def test_line_of_unknown_is_none(exam):
    assert exam.line_of("nowhere") is None


def test_error_points_into_the_file(exam):
    error = exam.error("bad equation", "models", "cell", "forward", text=1, hint="try this")
    assert str(error) == f"exam.md:{exam.line_of('models', 'cell', 'forward') + 2}: bad equation (try this)"


def test_unknown_question_suggests(exam):
    with pytest.raises(UsageError, match=r"exam has no question '4a-ht' \(did you mean '4a-hT'\?\)"):
        exam.question("4a-ht")


# (what is replaced, by what, line of the complaint as the text that stands there, words of the complaint)
BAD = {
    "unknown field in a block": ("tolerance: 5e-4", "tolerence: 5e-4", "tolerence", "unknown field 'tolerence' (did you mean 'tolerance'?)"),
    "unknown field in front": ("course: A", "cuorse: A", "cuorse", "unknown field 'cuorse' (did you mean 'course'?)"),
    "unknown field in a model": ("    about:", "    abuot:", "abuot", "unknown field 'models.cell.abuot' (did you mean 'about'?)"),
    "missing field": ("value: 7\n", "", "kind: number", "the field 'value' is missing"),
    "missing title": ('title: "Test of $f_t$"\n', "", "---", "the field 'title' is missing"),
    "wrong type": ("tolerance: 5e-4", "tolerance: small", "tolerance: small", "tolerance: input should be a valid number"),
    "wrong type in a model": ("sizes: {n: state}", "sizes: [n]", "sizes", "models.cell.sizes: input should be a valid dictionary"),
    "unknown kind": ("kind: words", "kind: word", "kind: word", "unknown kind of answer 'word' (did you mean 'words'?)"),
    "no kind": ("kind: words\n", "", "points:", "the answer block of '5-mult' names no kind (expected one of: number, words)"),
    "unknown model": ("model: cell", "model: cel", "model: cel", "question '4a' uses the model 'cel', which is not in the front matter (did you mean 'cell'?)"),
    "unknown parent": ("extends: cell", "extends: cells", "extends: cells", "the model 'classifier' extends 'cells', which is not there (did you mean 'cell'?)"),
    "circle of models": ("extends: cell", "extends: classifier", "extends", "models extend each other in a circle: classifier -> classifier"),
    "duplicate key": ("course: A course", "title: again", "title: again", "'title' is given twice (first on line 2) (remove one of them)"),
    "duplicate question": ("## 4a-hT", "## 4a", "## 4a (0", "question '4a' is there twice (first on line "),
    "no marks": ("## 4a-hT (0 marks)", "## 4a-hT", "## 4a-hT", "the heading '4a-hT' names no marks"),
    "not a question": ("## 4a-hT (0 marks)", "## *Part two*", "## *Part", "not a question: '*Part two*'"),
    "marks by zero": ("(0 marks)", "(1/0 marks)", "(1/0", "'1/0' is not a number of marks"),
    "no block": ("```answer\nkind: words\npoints: [one, two]\n```", "", "## 5-mult", "question '5-mult' has no answer block"),
    "misspelt block": ("```answer\nkind: words", "```answers\nkind: words", "```answers", "did you mean 'answer' instead of 'answers'?"),
    "two blocks": ("After the block.", "```answer\nkind: words\n```", "```answer\nkind: words\n```", "question '4a' has two answer blocks (keep one)"),
    "open block": ("points: [one, two]\n```", "points: [one, two]", "```answer", "the answer block of '5-mult' is not closed"),
    "block of text": ("kind: words\npoints: [one, two]", "words", "words", "expected 'name: value' lines, found a single text"),
    "empty block": ("kind: words\npoints: [one, two]\n", "\n", "", "the answer block of '5-mult' names no kind"),
    "eaten backslash": ("course: A course", 'course: "a \\frac{1}{2}"', "course", "inside double quotes YAML reads '\\frac' as an escape"),
    "eaten tilde": ("course: A course", 'course: "$\\tilde C$"', "course", "inside double quotes YAML reads '\\tilde' as an escape"),
    "eaten nabla": ("course: A course", 'course: "$\\nabla L$"', "course", "inside double quotes YAML reads '\\nabla' as an escape"),
    "unknown escape": ("course: A course", 'course: "$\\sigma$"', "course", "inside double quotes YAML reads a backslash as an escape: use single quotes"),
    "eaten in a block": ("value: x", 'value: "\\beta"', "value", "inside double quotes YAML reads '\\beta' as an escape"),
    "not YAML": ("course: A course", "course: [A", "", "this is not YAML"),
    "colon in a text": ("course: A course", "course: A: course", "course: A: course", "quote a text that contains ': '"),
    "alias": ("course: A course", "course: *other", "course", "'*other' is a YAML alias (put the text in single quotes)"),
    "tab": ("    about: a cell", "\tabout: a cell", "about", "YAML allows no tab as indentation"),
    "unclosed front matter": ("---\n\nRead everything first.", "\nRead", "---", "the front matter is not closed"),
    "no front matter": ("---\ntitle", "title", "title", "no front matter"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_mistakes_are_told_with_their_line(case, exam_text, kinds):
    old, new, place, words = case
    assert old in exam_text, "the case must change something"
    text = exam_text.replace(old, new, 1)
    with pytest.raises(AuthorError) as caught:
        parse_assignment(text.encode(), Path("exam.md"), kinds)
    error = caught.value
    assert words in str(error).removeprefix(f"exam.md:{error.line}: ")
    assert str(error).startswith(f"exam.md:{error.line}: ")
    here = "\n".join(text.split("\n")[error.line - 1 :])
    assert place.split("\n")[0] in here.split("\n")[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no front matter"),
        (b"---\ntitle: t\n---\n", "no questions"),
        (b"---\ntitle: t\n---\n## 1 (1 mark)\n\xff", "not UTF-8 text"),
        (b"---\n- title\n---\n", "expected 'name: value' lines, found a list"),
        (b"---\n" + b"a: " + b"[" * 500 + b"]" * 500 + b"\n---\n", "nested too deeply"),
        (b"x" * (assignments.MAX_BYTES + 1), "so not an assignment"),
        (b"---\ntitle: \x07\n---\n", "a control character that YAML does not allow"),
    ],
)
def test_hopeless_files(content, words, kinds):
    with pytest.raises(AuthorError, match=words):
        parse_assignment(content, Path("exam.md"), kinds)


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_endings_and_byte_order_mark(exam_text, kinds, ending):
    content = b"\xef\xbb\xbf" + exam_text.replace("\n", ending).encode()
    assert parse_assignment(content, Path("exam.md"), kinds).line_of("questions", "4a") is not None


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("2021-03-15", "2021-03-15"),
        ("010", "010"),
        ("3", "3"),
        ("'\\frac'", "\\frac"),
    ],
)
def test_scalars_are_what_was_typed(exam_text, kinds, typed, value):
    read = parse_assignment(exam_text.replace("value: x", f"value: {typed}").encode(), Path("exam.md"), kinds)
    assert read.question("4a-hT").spec.value == value


def test_headings_in_fences_and_rules_are_prose(exam_text, kinds):
    text = exam_text.replace("Count\nthem.", "Count\n---\n\n```\n## 9 (1 mark)\n```\n### sub\n$$\nx\n=\ny\n$$")
    read = parse_assignment(text.encode(), Path("exam.md"), kinds)
    assert read.ids == ("1a-i", "4a", "4a-hT", "5-mult")
    assert read.question("5-mult").prompt.endswith("$$\nx\n=\ny\n$$")


def test_json_schema_lists_every_kind(kinds):
    schema = json_schema(kinds)
    assert schema["required"] == ["title"]
    assert schema["additionalProperties"] is False
    assert [part["$ref"] for part in schema["$defs"]["answer"]["oneOf"]] == [
        "#/$defs/answer-number",
        "#/$defs/answer-words",
    ]
    assert schema["$defs"]["answer-number"]["properties"]["kind"] == {"const": "number"}


def test_find_and_load(tmp_path, monkeypatch, exam_text, kinds):
    (tmp_path / "exam.md").write_text(exam_text)
    (tmp_path / "README.md").write_text("about")
    monkeypatch.setattr(assignments, "BUNDLED", tmp_path)
    assert find_assignment("exam") == tmp_path / "exam.md"
    assert load_assignment("exam", kinds).name == "exam"
    assert load_assignment(tmp_path / "exam.md", kinds).ids[0] == "1a-i"
    assert read_title(tmp_path / "exam.md") == "Test of $f_t$"
    for name, words in [
        ("exma", r"there is no bundled assignment 'exma' \(did you mean 'exam'\?\)"),
        ("readme", "no bundled assignment 'readme'"),
        ("there/exam.md", "there is no file 'there/exam.md'"),
        (str(tmp_path), "is a folder"),
    ]:
        with pytest.raises(UsageError, match=words):
            find_assignment(name)
