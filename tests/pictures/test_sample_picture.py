"""The picture in the documentation matches the sample app."""

from __future__ import annotations

import re

from tests.pictures.many_apps import ROOT
from tests.pictures.sample_picture import PICTURE, picture


def test_it_is_up_to_date() -> None:
    """A change of the sample app's order changes the picture."""
    assert PICTURE.read_text(encoding="utf-8") == picture(), (
        f"{PICTURE.relative_to(ROOT)} is out of date: run `make picture`"
    )


def test_it_is_the_same_on_any_machine() -> None:
    """The picture contains no path and no asset hash."""
    assert str(ROOT) not in picture()
    assert re.search(r"[0-9a-f]{32}", picture()) is None


def test_it_fits_into_a_page() -> None:
    """A page of GitHub is about 900 pixels wide; text of 12 pixels may shrink to 10 pixels."""
    (width,) = re.findall(r'^ width="(\d+)"', picture(), re.MULTILINE)

    assert int(width) <= 900 * 12 / 10
