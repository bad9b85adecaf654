"""The distributions that a release publishes, built from the repository for tests."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
PIP_INSTALL = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]


@dataclass(frozen=True, slots=True)
class Built:
    """The two distributions."""

    wheel: Path
    source: Path

    def unpack(self, folder: Path) -> Path:
        """Unpack the source distribution and return its folder."""
        with tarfile.open(self.source) as archive:
            archive.extractall(folder, filter="data")
        (unpacked,) = folder.iterdir()
        return unpacked


def build(folder: Path) -> Built:
    """Build both, as `make dist` does: the wheel from the source distribution."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, source)


def environment(home: Path, requirements: Iterable[str]) -> Path:
    """Create a virtual environment and return its Python; it has only some distributions.

    They are links to those that run the tests, so nothing is downloaded.
    """
    venv.create(home, with_pip=False)
    site = next((home / "lib").glob("python*/site-packages"))
    for entry in _files_of(requirements):
        (site / entry.name).symlink_to(entry)
    return home / "bin" / "python"


def _files_of(requirements: Iterable[str]) -> set[Path]:
    """Return the files of direct and indirect requirements, without extras."""
    todo = [*requirements]
    seen: set[str] = set()
    entries: set[Path] = set()
    while todo:
        requirement = Requirement(todo.pop())
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not needed or requirement.name in seen:
            continue
        seen.add(requirement.name)
        found = distribution(requirement.name)
        todo += found.requires or []
        site = Path(str(found.locate_file("")))
        entries |= {
            site / file.parts[0]
            for file in found.files or []
            if file.parts[0] not in ("..", "__pycache__")
        }
    return entries
