"""The pages of the documentation, and the examples in them.

An example is a fenced block whose language is cpp, c, python or console. A comment right above it says how it is tested:

    <!-- example: skip, why -->        not at all
    <!-- example: compile, why -->     cpp and c: compiled, not run
    <!-- example: run -->              console: lines that start with "$ " are run and must succeed
    <!-- given: code -->               cpp, c and python: what the block takes for granted, put before it

Console blocks without "run" are not looked at. All others are run.
"""
import dataclasses
import pathlib
import re

LANGUAGES = ("cpp", "c", "python", "console")
BLOCK = re.compile(r"((?:^<!--(?:(?!-->).)*-->\n)*)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!--\s*(example|given):\s*(.*?)\s*-->", re.DOTALL)
MODES = {"cpp": {"run", "compile", "skip"}, "c": {"run", "compile", "skip"}, "python": {"run", "skip"},
         "console": {"run", "skip"}}


@dataclasses.dataclass(frozen=True)
class Example:
    page: str  # relative to the project
    line: int
    language: str
    mode: str  # "run", "compile" or "skip"
    why: str
    given: str
    code: str

    @property
    def name(self):
        return re.sub(r"\W", "_", self.page) + f"_{self.line}"

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def markdown_files(root):
    """All pages that are checked, in order of name."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]


def without_fences(text):
    """The text without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def without_code(text):
    """The text without fenced blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", without_fences(text))


def _example(root, page, text, match):
    comments, language, code = match.groups()
    markers = dict(MARKER.findall(comments))
    default = "skip" if language == "console" else "run"
    mode, _, why = markers.get("example", default).partition(",")
    line = text.count("\n", 0, match.start(2)) + 1
    if mode not in MODES[language]:
        raise ValueError(f"{page}:{line}: {language} examples have no mode {mode!r}")
    return Example(str(page.relative_to(root)), line, language, mode, why.strip(), markers.get("given", ""), code)


def examples(root, page):
    """The examples of one page in order."""
    text = page.read_text()
    found = (match for match in BLOCK.finditer(text) if match.group(2) in LANGUAGES)
    return [_example(root, page, text, match) for match in found]


def all_examples(root):
    root = pathlib.Path(root)
    return [example for page in markdown_files(root) for example in examples(root, page)]
