"""Texts for users and contributors are plain technical English: the words below are not used.

The test collects the `--help` of every command, the texts of the guard's rules, the strings and
comments of the package, the sample app, the benchmarks and the scripts, the pages in Markdown, the
report page, the workflows and the Makefile. It fails for each match of a pattern in `PATTERNS`. A
place where a match is right is listed in `EXCEPTIONS`, with the reason.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.guard.check import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A word or phrase that texts do not use.

    A space in the regular expression stands for any white space, so a phrase is found across the
    end of a line.
    """

    regex: str
    #: what the phrase was used to say.
    sense: str
    #: what to write.
    fix: str
    #: texts in which it is found.
    found: tuple[str, ...]
    #: texts that are similar, and are allowed.
    allowed: tuple[str, ...] = ()

    @property
    def compiled(self) -> re.Pattern[str]:
        """The regular expression to search with."""
        return re.compile(self.regex.replace(" ", r"\s+"), re.IGNORECASE)


PATTERNS = (
    Pattern(
        r"\b(?:who(?:so)?ever|nobody|somebody|anybody)\b",
        "a person or a program that acts",
        "name the actor: you, IAM, the service, the stack, the function, another program",
        ("the rights of whoever deploys", "Nobody calls it"),
    ),
    Pattern(
        r"\bwhence\b",
        "where a fact comes from",
        "source, or from where",
        ("what is known, and whence",),
    ),
    Pattern(
        r"\bnought\b",
        "the number 0, or nothing",
        "0, or nothing",
        ("set to nought",),
    ),
    Pattern(
        r"\balone\b",
        "only",
        "only; for a thing that has no others, by itself",
        ("egress alone", "the text stands\nalone"),
        ("a standalone file",),
    ),
    Pattern(
        r"\b(?:is|are) no (?!longer\b)",
        "is not a, or does not exist",
        "is not a …, or … does not exist",
        ("is no template", "There are no\nstacks"),
        ("is no longer in the app", "is not a template"),
    ),
    Pattern(
        r"\bfor sure\b",
        "certainly",
        "say which findings are errors",
        ("What is wrong for sure",),
    ),
    Pattern(
        r"\bmend(?:s|ed|ing)?\b",
        "fix",
        "fix, or correct",
        ("How to mend", "what can be mended"),
        ("a recommended value", "amend the commit"),
    ),
    Pattern(
        r"\blet(?:s|ting)? (?:\S+ )?go\b",
        "release a lease, or remove the configuration of a feature",
        "release the lease, or remove the configuration",
        ("it lets go of the role", "let it go", "letting go"),
        ("let the goal be named",),
    ),
    Pattern(
        r"\b(?:is|are|was|were|be|been) gone\b",
        "does not exist, or was deleted",
        "does not exist, or was deleted",
        ("the stack is gone", "was gone before"),
    ),
    Pattern(
        r"\bbe there\b",
        "exist",
        "exist, or be installed",
        ("Node has to be there",),
        ("the name may be therefore longer",),
    ),
    Pattern(
        r"\btold\b",
        "reported, or logged",
        "reported, logged, or passed to",
        ("is told on the error stream",),
    ),
    Pattern(
        r"\bwaves?\b",
        "resources that can be processed at the same time",
        "step",
        ("the same *wave*", "in waves"),
        ("a waveform",),
    ),
    Pattern(
        r"\bcircles?\b",
        "dependencies that form a cycle",
        "circular dependency",
        ("a circle of dependencies",),
        ("a circular dependency",),
    ),
    Pattern(
        r"\brights\b",
        "IAM permissions",
        "permissions, or policy statement",
        ("the function's rights",),
        ("to the right of it",),
    ),
    Pattern(
        r"\bswitch(?:es|ed|ing)?(?: [^\s.,;:]+){0,3} (?:on|off)\b(?!-)",
        "enable or disable a feature",
        "enabled or disabled; configure or remove",
        ("switches a feature off", "is switched on", "switch the same thing off"),
        ("switch to on-demand streams", "Switch the account. On failure, it stops"),
    ),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """One place where a pattern is right; `text` stands there, with any white space."""

    place: str
    text: str
    reason: str


#: why `circle` is allowed in pictures.
_SVG = "the SVG element `circle`"

EXCEPTIONS = (
    Allowed("slr_constructs/pictures/svg.py", '<circle cx="5" cy="5" r="4.5"/>', _SVG),
    Allowed("slr_constructs/pictures/report.js", 'draw("circle", ', _SVG),
    Allowed("slr_constructs/pictures/report.css", ".sign circle { fill: var(--ground);", _SVG),
    Allowed("slr_constructs/pictures/report.css", ".sign circle { fill: var(--ink);", _SVG),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is read as a whole, and where it starts."""

    place: str
    line: int
    text: str
    #: the last line, which a string with line breaks of its own may not have as its own.
    last_line: int = 1_000_000

    def line_of(self, position: int) -> int:
        """Return the line of a position in the text."""
        return min(self.line + self.text.count("\n", 0, position), self.last_line)


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern in a text."""

    text: Text
    pattern: Pattern
    start: int
    end: int

    def __str__(self) -> str:
        """Return one paragraph: where it is, the words around it, and what to write."""
        around = " ".join(self.text.text[max(self.start - 60, 0) : self.end + 40].split())
        word = " ".join(self.text.text[self.start : self.end].split())
        return (
            f"{self.text.place}:{self.text.line_of(self.start)}: …{around}…\n"
            f"    {word!r} ({self.pattern.sense}): {self.pattern.fix}"
        )


def _help_texts() -> Iterator[Text]:
    """Yield what `--help` prints for every command."""
    # not `commands`, which is empty: a command is imported when it is called
    commands = slr_constructs.list_commands(click.Context(slr_constructs))
    for names in [(), *((name,) for name in commands)]:
        result = CliRunner().invoke(slr_constructs, [*names, "--help"])
        assert result.exit_code == 0, result.output
        yield Text(" ".join(("slr-constructs", *names, "--help")), 1, result.output)


def _rule_texts() -> Iterator[Text]:
    """Yield the texts that the guard prints with a finding, and in the list of its rules."""
    for rule in RULES:
        for name in ("title", "why", "fix"):
            yield Text(f"rule {rule.id}, {name}", 1, getattr(rule, name))


def _python_texts(path: Path) -> Iterator[Text]:
    """Yield the strings with a space and the comments of a module."""
    place = str(path.relative_to(ROOT))
    source = path.read_text()
    yield from _strings(place, ast.parse(source))
    comments = [
        (token.start[0], token.string.lstrip("#:! "))
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    yield from _paragraphs(place, comments)


def _strings(place: str, node: ast.AST) -> Iterator[Text]:
    """Yield the strings below a node, docstrings among them; an f-string is one text."""
    if isinstance(node, ast.JoinedStr):
        parts = [
            str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values
        ]
        yield Text(place, node.lineno, "".join(parts), node.end_lineno or node.lineno)
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _strings(place, value.value)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and " " in node.value:
            yield Text(place, node.lineno, node.value, node.end_lineno or node.lineno)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(place, child)


def _paragraphs(place: str, lines: list[tuple[int, str]]) -> Iterator[Text]:
    """Yield consecutive lines as one text."""
    starts = [0, *(i for i, (a, b) in enumerate(pairwise(lines), 1) if b[0] != a[0] + 1)]
    for start, end in pairwise([*starts, len(lines)]):
        if start < end:
            yield Text(place, lines[start][0], "\n".join(text for _, text in lines[start:end]))


def _file_texts(path: Path) -> Iterator[Text]:
    """Yield a file as one text, without the marks of comments."""
    text = re.sub(r"^( *)(?:#:?|//|\*) ", r"\1", path.read_text(), flags=re.MULTILINE)
    yield Text(str(path.relative_to(ROOT)), 1, text)


MODULES = sorted(
    path
    for folder in ("slr_constructs", "sample_app", "examples", "benchmarks", "scripts")
    for path in (ROOT / folder).rglob("*.py")
)
FILES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "docs/*.css",
        "docs/sharing-roles.svg",
        "mkdocs.yml",
        "benchmarks/*.md",
        "slr_constructs/pictures/*.html",
        "slr_constructs/pictures/*.js",
        "slr_constructs/pictures/*.css",
        "Makefile",
        "pyproject.toml",
        ".ci/run",
        ".github/**/*.yml",
        ".github/*.md",
        ".pre-commit-config.yaml",
    )
    for path in ROOT.glob(pattern)
)


@cache
def _hits() -> tuple[Hit, ...]:
    """Return every pattern that is found, whether it is an exception or not."""
    texts = [
        *_help_texts(),
        *_rule_texts(),
        *(text for path in MODULES for text in _python_texts(path)),
        *(text for path in FILES for text in _file_texts(path)),
    ]
    return tuple(
        Hit(text, pattern, found.start(), found.end())
        for text in texts
        for pattern in PATTERNS
        for found in pattern.compiled.finditer(text.text)
    )


def _excuses(exception: Allowed, hit: Hit) -> bool:
    """Return whether the words of an exception enclose a hit."""
    if exception.place != hit.text.place:
        return False
    words = r"\s+".join(map(re.escape, exception.text.split()))
    return any(
        found.start() <= hit.start and hit.end <= found.end()
        for found in re.finditer(words, hit.text.text)
    )


def test_texts_are_plain_technical_english() -> None:
    """The message names the file, the line, the words and what to write."""
    hits = [hit for hit in _hits() if not any(_excuses(each, hit) for each in EXCEPTIONS)]

    if hits:
        pytest.fail("\n".join([f"{len(hits)} places:", *map(str, hits)]), pytrace=False)


def test_every_exception_is_needed() -> None:
    """An exception whose text was changed or removed is removed too."""
    unused = [each for each in EXCEPTIONS if not any(_excuses(each, hit) for hit in _hits())]

    assert unused == []


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.sense)
def test_a_pattern_finds_its_phrase_and_no_other(pattern: Pattern) -> None:
    """Each pattern is tried on texts in which it must be found, and on similar ones."""
    for text in pattern.found:
        assert pattern.compiled.search(text), text
    for text in pattern.allowed:
        assert not pattern.compiled.search(text), text


def test_strings_and_comments_are_read_as_a_user_reads_them(tmp_path: Path) -> None:
    """Adjacent strings, values in an f-string and a comment of two lines do not hide a phrase."""
    module = tmp_path / "module.py"
    module.write_text(
        'A = f"the stack {1 + 1} switches"\\\n  f" {A} off"\n'
        '# nothing lets\n# go of it\n\n# a switch\n\n# off\nB = "told"\nC = f"{f(\'is gone\')}"\n'
    )
    texts = list(_strings("x", ast.parse(module.read_text())))
    comments = [(4, "nothing lets"), (5, "go of it"), (7, "a switch"), (9, "off")]

    assert [text.text for text in texts] == ["the stack {} switches {} off", "{}", "is gone"]
    assert [(text.line, text.text) for text in _paragraphs("x", comments)] == [
        (4, "nothing lets\ngo of it"),
        (7, "a switch"),
        (9, "off"),
    ]
