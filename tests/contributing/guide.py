"""Read the steps of a guide in CONTRIBUTING.md, and follow them in a copy of the repository."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "CONTRIBUTING.md"
#: what the checks in a copy need.
_NEEDED = (
    *("slr_constructs", "tests", "sample_app", "benchmarks", "scripts", "docs", "examples"),
    *("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "cdk.json"),
)
_BLOCK = re.compile(r"^```(python|diff|yaml)\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """A file to create, or the changes of a file."""

    path: str
    #: the contents of a new file; for an existing file, the lines with +, - and a space.
    text: str
    is_change: bool

    def follow(self, root: Path) -> None:
        """Create or change the file in a copy of the repository."""
        target = root / self.path
        if not self.is_change:
            assert not target.exists(), f"{self.path} exists already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.text, encoding="utf-8")
            return
        text = target.read_text(encoding="utf-8")
        for change in self.text.split("@@\n"):
            old, new = ("".join(_lines(change, signs)) for signs in (" -", " +"))
            assert f"\n{text}".count(f"\n{old}") == 1, f"{self.path} does not have once:\n{old}"
            text = f"\n{text}".replace(f"\n{old}", f"\n{new}").removeprefix("\n")
        target.write_text(text, encoding="utf-8")


def _lines(change: str, signs: str) -> Iterator[str]:
    """Yield the lines of a change that start with one of two signs, without the sign."""
    for line in change.splitlines(keepends=True):
        assert line[0] in " -+", line
        if line[0] in signs:
            yield line[1:]


def steps_of(heading: str) -> list[Step]:
    """Return the steps of the guide with a heading."""
    text = GUIDES.read_text(encoding="utf-8")
    start = text.index(f"\n## {heading}\n")
    end = text.find("\n## ", start + 1)
    return [
        Step(path, code, is_change=kind == "diff")
        for kind, path, code in _BLOCK.findall(text[start : None if end < 0 else end])
    ]


def copy_to(folder: Path, steps: Iterable[Step]) -> None:
    """Copy the repository to a folder, and follow steps there."""
    for name in _NEEDED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    for step in steps:
        step.follow(folder)
