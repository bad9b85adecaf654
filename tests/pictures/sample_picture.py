"""The picture of the sample app in the documentation, written by `make picture`."""

from __future__ import annotations

from slr_constructs.pictures.svg import svg
from tests.pictures.many_apps import ROOT, sample

PICTURE = ROOT / "docs" / "sample-app-order.svg"


def picture() -> str:
    """Return the picture of the sample app's resources that concern a role.

    A picture of all resources would be twice as wide as a page, because the function adds five
    resources to each stack.
    """
    return svg(sample(), only_roles=True)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
