"""The contrast of two colours, as WCAG defines it."""

from __future__ import annotations

import re


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, in the form `#rrggbb` or `rgb(...)`."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour."""
    parts = (
        [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
        if colour.startswith("#")
        else [int(each) for each in re.findall(r"\d+", colour)[:3]]
    )
    red, green, blue = (
        each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4
        for each in (part / 255 for part in parts)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
