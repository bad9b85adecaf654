"""Where links lead: the anchors of a page, and the files behind the addresses of the project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scripts.project import PROJECT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

URLS: dict[str, str] = PROJECT["urls"]
REPOSITORY = URLS["Repository"]
SITE = URLS["Documentation"]
#: a picture shows the file itself.
RAW = REPOSITORY.replace("//github.com/", "//raw.githubusercontent.com/")
_BLOCK = re.compile(r"^```.*?^```$|^~~~.*?^~~~$", re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = _BLOCK.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}


def file_of(address: str) -> Path | None:
    """Return the file or folder that an address of the project shows, or None for other addresses.

    Args:
        address: An address without its fragment.
    """
    for start in (f"{REPOSITORY}/blob/main/", f"{REPOSITORY}/tree/main/", f"{RAW}/main/"):
        if address.startswith(start):
            return ROOT / address.removeprefix(start)
    workflows = f"{REPOSITORY}/actions/workflows/"
    if address.startswith(workflows):
        return (
            ROOT / ".github/workflows" / address.removeprefix(workflows).removesuffix("/badge.svg")
        )
    if not address.startswith(SITE):
        return None
    page = ROOT / "docs" / address.removeprefix(SITE)
    if page.is_dir():
        return next(each for name in ("index", "README") if (each := page / f"{name}.md").exists())
    return page.with_suffix(".md")
