"""The picture of the sample app in the documents: `make picture` writes it."""

from __future__ import annotations

from slr_constructs.pictures.svg import svg
from tests.pictures.many_apps import ROOT, sample

PICTURE = ROOT / "docs" / "sample-app-order.svg"


def picture() -> str:
    """Return the picture of what the sample app has to do with roles.

    Of everything, it would be twice as wide as a page: the function's own resources alone are five
    in each stack.
    """
    return svg(sample(), only_roles=True)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
