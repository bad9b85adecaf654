"""Print the notes of a release: `release.py TAG`, where TAG is `v` and the version.

The notes are the section of the version in CHANGELOG.md. The exit status is 1, and a sentence says
why, if the tag is not that of the version in pyproject.toml, or if the changelog has no section
for it. The release workflow runs this script before it builds anything.
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\]\((?!https://|#)([^)]+)\)")


class ReleaseError(Exception):
    """The commit cannot be released; the text says why."""


def notes(tag: str, root: Path = ROOT) -> str:
    """Return the section of the changelog, with links that work outside of the repository.

    Raises:
        ReleaseError: The tag, the version and the changelog do not agree.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    if tag != f"v{version}":
        raise ReleaseError(f"{tag} is not the tag of the version in pyproject.toml: v{version}")
    section = _section(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    return _LINK.sub(rf"]({project['urls']['Repository']}/blob/{tag}/\1)", section)


def _section(version: str, changelog: str) -> str:
    heading = rf"^## {re.escape(version)} - (.+)\n((?:(?!## ).*\n)*)"
    found = re.search(heading, changelog, re.MULTILINE)
    if found is None:
        raise ReleaseError(f"CHANGELOG.md has no section: ## {version} - YYYY-MM-DD")
    day, text = found.groups()
    try:
        date.fromisoformat(day)
    except ValueError:
        raise ReleaseError(
            f"CHANGELOG.md: the date of {version} must be YYYY-MM-DD, got {day}"
        ) from None
    if not text.strip():
        raise ReleaseError(f"CHANGELOG.md: the section of {version} is empty")
    return f"{text.strip()}\n"


if __name__ == "__main__":
    try:
        print(notes(sys.argv[1]), end="")
    except ReleaseError as error:
        sys.exit(str(error))
