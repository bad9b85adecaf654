"""The picture in the documents shows the sample app as it is."""

from __future__ import annotations

import re

from tests.pictures.many_apps import ROOT
from tests.pictures.sample_picture import PICTURE, picture


def test_it_is_up_to_date() -> None:
    """Whoever changes the order of the sample app sees it in the picture."""
    assert PICTURE.read_text(encoding="utf-8") == picture(), (
        f"{PICTURE.relative_to(ROOT)} is out of date: run `make picture`"
    )


def test_it_is_the_same_on_any_machine() -> None:
    """Neither a path nor the hash of an asset is in it."""
    assert str(ROOT) not in picture()
    assert re.search(r"[0-9a-f]{32}", picture()) is None


def test_it_fits_into_a_page() -> None:
    """A page of GitHub is some 900 pixels wide, and type of twelve pixels may become ten."""
    (width,) = re.findall(r'^ width="(\d+)"', picture(), re.MULTILINE)

    assert int(width) <= 900 * 12 / 10
