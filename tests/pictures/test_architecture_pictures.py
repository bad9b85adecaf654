"""The pictures of docs/architecture.md match the layers, and what a stack does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack

from sample_app.app import build
from slr_constructs.testing import order_lines
from tests.pictures.architecture import (
    CREATION,
    DELETION,
    PICTURES,
    WIDTH,
    Message,
    deployment,
    layers,
)
from tests.pictures.many_apps import ROOT
from tests.test_architecture import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@pytest.mark.parametrize("path", PICTURES, ids=lambda each: each.stem)
def test_it_is_up_to_date(path: Path) -> None:
    """A new layer changes the picture."""
    text = path.read_text(encoding="utf-8")

    assert text == PICTURES[path](), f"{path.relative_to(ROOT)} is out of date: run `make picture`"
    assert str(ROOT) not in text


@pytest.mark.parametrize("path", PICTURES, ids=lambda each: each.stem)
def test_it_fits_into_a_page_and_has_a_text_for_screen_readers(path: Path) -> None:
    """A page of the site is about 690 pixels wide; text of 12 pixels may shrink to 11 pixels."""
    text = path.read_text(encoding="utf-8")

    assert WIDTH <= 690 * 12 / 11
    assert f' width="{WIDTH}"' in text
    assert re.search("<title>.+</title>\n<desc>.+</desc>", text)


def test_each_module_of_the_table_has_a_box() -> None:
    """In the order of the table, from top to bottom."""
    boxes = re.findall(r'<text class="name"[^>]*>(?:slr_constructs )?([^<]+)</text>', layers())

    names = [name.removeprefix("slr_constructs.") for layer in LAYERS for name in layer]
    assert boxes == ["(public names)" if each == "slr_constructs" else each for each in names]


def test_the_order_is_that_of_the_sample_app() -> None:
    """The stack with the MediaTailor logs: its role, its owner, and its clean-up resource."""
    stack = build(App()).node.find_child("LiveShowCommercials")
    assert isinstance(stack, Stack)
    kinds = {
        "Custom::ServiceLinkedRole": "role",
        "AWS::MediaTailor::PlaybackConfiguration": "owner",
        "Custom::MediaTailorSessionLoggingCleanUp": "clean-up",
    }
    steps: dict[str, list[str]] = {"create": [], "delete": []}
    for line in order_lines(stack):
        verb, kind = line.split()[0], line.rpartition("(")[2].rstrip(")")
        if kind in kinds:
            steps[verb].append(kinds[kind])

    assert _asked(CREATION) == steps["create"]
    assert _asked(DELETION) == steps["delete"]
    assert "look for deletion locks" in deployment()


def _asked(messages: Iterable[Message]) -> list[str]:
    """Return what CloudFormation creates or deletes, in order."""
    found = (
        re.fullmatch(r"(?:create|delete) the (role|owner|clean-up)(?: with logs)?", each.text)
        for each in messages
        if each.start == "CloudFormation"
    )
    return [each[1] for each in found if each]
