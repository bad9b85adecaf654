"""Read the examples of a Markdown file, and the outputs that pages quote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: the pages for users.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """An example, and its first line in the file."""

    line: int
    code: str
    language: str = "python"


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a Markdown file, in order."""
    text = path.read_text()
    return [
        Block(
            line=text.count("\n", 0, found.start()) + 1,
            code=found.group(2),
            language=found.group(1),
        )
        for found in _BLOCK.finditer(text)
    ]


def python_blocks(path: Path) -> list[Block]:
    """Return the Python examples of a Markdown file, in order."""
    return [each for each in blocks(path) if each.language == "python"]


def assert_quoted(first: str, printed: str) -> None:
    """Assert that a page quotes an output; an ellipsis in the quotation stands for any text.

    Args:
        first: How the first line of the quotation starts. At least one page has it, and all
            quotations that start with it are compared.

        printed: The real output.
    """
    quotations = [each for page in PAGES for each in _quotations(page, first)]
    assert quotations, first
    for quotation in quotations:
        words = re.escape(" ".join(quotation.split())).replace(r"\.\.\.", ".*")
        assert re.search(words, " ".join(printed.split())), quotation


def _quotations(page: Path, first: str) -> list[str]:
    """Return the outputs that start with a line: fenced ones, and the rest of indented blocks."""
    fenced = [each.code for each in blocks(page) if each.language == "text"]
    lines = page.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(f" {{4,}}{re.escape(first)}", line)]
    return [
        *(each for each in fenced if each.startswith(first)),
        *(_indented(lines[start:]) for start in starts),
    ]


def _indented(lines: list[str]) -> str:
    end = next((i for i, line in enumerate(lines) if line and not line.startswith("    ")), None)
    return "\n".join(lines[:end])
