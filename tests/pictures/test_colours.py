"""The colours of the pictures and the page: text has enough contrast in light and dark mode."""

from __future__ import annotations

import re

import pytest

from slr_constructs.pictures.svg import text_of
from slr_constructs.templates.role_usage import Mark
from tests.pictures.colours import contrast

MARKS = [mark.value for mark in Mark]
#: each colour of texts, with the colours that are behind it.
TEXTS = {
    "ink": ["ground", "lane", *(f"{mark}-tint" for mark in MARKS)],
    "quiet": ["ground", "lane", *(f"{mark}-tint" for mark in MARKS)],
    # the selected direction
    "ground": ["ink"],
    "link": ["lane"],
    **{mark: ["ground", "lane", f"{mark}-tint"] for mark in MARKS},
}
#: lines that carry information.
LINES = {
    "arrow": ["lane"],
    "frame": ["ground", "lane"],
    "accent": ["ground", "lane"],
    **{mark: ["lane"] for mark in MARKS},
}
NEEDED_BY_TEXT, NEEDED_BY_LINES = 4.5, 3.0


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of each mode by name, from the style sheet."""
    blocks = re.findall(r":root \{(.*?)\}", text_of("picture.css"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", each)) for each in blocks)
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough(scheme: str) -> None:
    """WCAG requires a ratio of 4.5 for text, and of 3 for lines that carry information."""
    colours = schemes()[scheme]

    for pairs, needed in ((TEXTS, NEEDED_BY_TEXT), (LINES, NEEDED_BY_LINES)):
        for colour, grounds in pairs.items():
            for ground in grounds:
                ratio = contrast(colours[colour], colours[ground])
                assert ratio >= needed, (scheme, colour, ground, ratio)


def test_every_colour_of_the_light_mode_has_one_for_the_dark_mode() -> None:
    """A colour that is the same in both modes would be unreadable in one of them."""
    modes = schemes()

    assert {*modes["light"]} == {*modes["dark"]}
    assert all(modes["dark"][name] != colour for name, colour in modes["light"].items())


def test_every_text_colour_is_checked() -> None:
    """A new colour of a text must be added to the table."""
    used: set[str] = set()
    for name in ("picture.css", "report.css"):
        used |= {*re.findall(r"(?<![\w-])(?:color|fill): var\(--([\w-]+)\)", text_of(name))}

    assert used <= {*TEXTS, "lane", *(f"{mark}-tint" for mark in MARKS)}


def test_paper_is_white() -> None:
    """Dark mode applies to screens only."""
    assert re.findall(r"@media ([^{]*prefers-color-scheme[^{]*?) \{", text_of("picture.css")) == [
        "screen and (prefers-color-scheme: dark)"
    ]
