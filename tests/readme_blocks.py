"""Read the examples of a Markdown file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """An example, and its first line in the file."""

    line: int
    code: str


def python_blocks(path: Path) -> list[Block]:
    """Return the Python examples of a Markdown file, in order."""
    text = path.read_text()
    return [
        Block(line=text.count("\n", 0, found.start()) + 1, code=found.group(1))
        for found in _BLOCK.finditer(text)
    ]
