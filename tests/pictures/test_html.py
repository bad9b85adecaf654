"""The page as a text: it asks nobody for anything, and no name gets out of its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.pictures.html import html
from slr_constructs.pictures.steps import creation_of, teardown_of
from slr_constructs.pictures.svg import numbers_of
from slr_constructs.templates.app import App, Place
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.words import printable
from tests.pictures.drawn import Drawn
from tests.pictures.many_apps import APPS, HOSTILE, nested, sample

if TYPE_CHECKING:
    from collections.abc import Callable

#: elements that have no end.
VOID = {"meta", "link", "input"}


class Page(HTMLParser):
    """A page, read as a browser reads it.

    Args:
        text: The page.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and what it is within."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.contents.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without contents."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """See to it that what ends is what was open."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        if self._open:
            self.contents[self._open[-1]][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script reads."""
        data, _ = self.contents["script"]
        found: dict[str, Any] = json.loads(data)
        return found


@pytest.fixture(params=list(APPS.values()), ids=list(APPS))
def app(request: pytest.FixtureRequest) -> App:
    """Return an app to show, all in turn."""
    make: Callable[[], App] = request.param
    return make()


def test_it_asks_nobody_for_anything(app: App) -> None:
    """Nothing is loaded, and nothing is done but by its own script."""
    page = Page(html(app))

    for tag, attributes in page.elements:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "a", "use", "image"}
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"src", "srcset", "action", "style", "xlink:href", "background"} & {*attributes}
        assert attributes.get("href", "data:,") == "data:,"
    for style in page.contents["style"]:
        assert "url(" not in style
        assert "@import" not in style


def test_its_policy_allows_what_is_in_it_and_nothing_else(app: App) -> None:
    """Scripts and style sheets by their hashes; the network, forms and evaluation not at all."""
    page = Page(html(app))
    (policy,) = [
        str(attributes["content"])
        for tag, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = {name: values for name, *values in (each.split() for each in policy.split(";"))}
    _, script = page.contents["script"]

    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["script-src"] == [_hash(script)]
    assert rules["style-src"] == [_hash(each) for each in page.contents["style"]]
    assert "unsafe" not in policy


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_names_stay_where_they_are(app: App) -> None:
    """No name makes an element: there are as many as in a page of harmless names."""
    page = Page(html(app))
    tags = [tag for tag, _ in page.elements]

    assert tags.count("script") == tags.count("style") == 2
    assert page.data["stacks"] == [printable(name) for name in app.stacks]
    assert [each["logicalId"] for each in page.data["resources"]] == [
        printable(each) for stack in app.stacks.values() for each in stack.resources
    ]


def test_the_pictures_in_it_are_whole(app: App) -> None:
    """That of everything, and that of what has to do with roles; neither has a style of its own."""
    pictures = re.findall(r"<svg xmlns.*?</svg>", html(app), re.DOTALL)

    whole, roles = map(Drawn, pictures)
    assert set(roles.boxes) <= set(whole.boxes) == set(numbers_of(app).values())
    assert all("<style" not in each for each in pictures)


def test_the_data_say_when_the_turn_of_each_is_and_why(app: App) -> None:
    """A resource is the number of its box."""
    data, numbers = Page(html(app)).data, numbers_of(app)

    for way, walk in (("creation", creation_of(app)), ("teardown", teardown_of(app))):
        assert [[each["wave"], each["resources"]] for each in data["steps"][way]] == [
            [step.wave, [numbers[step.stack, each] for each in step.logical_ids]]
            for step in walk.steps
        ]
        for place, turn in walk.turns.items():
            assert data["resources"][numbers[place]][way] == list(turn)
    for stack in app.stacks.values():
        for each in stack.resources:
            assert data["resources"][numbers[stack.name, each]]["waitsFor"] == [
                [numbers[stack.name, wait.dependency], wait.said_by] for wait in stack.waits(each)
            ]


def test_a_list_says_the_same(app: App) -> None:
    """For who has no script, and for who reads with the ears."""
    page = Page(html(app))
    tags = [tag for tag, _ in page.elements]
    waves = sum(len(stack.creation) for stack in app.stacks.values())

    assert tags.count("li") == waves
    assert tags.count("ol") == len(app.stacks)
    assert tags.count("small") == sum(len(stack.resources) for stack in app.stacks.values())


def test_a_nested_stack_is_known_by_the_resource_that_stands_for_it() -> None:
    """And the list says where it is nested."""
    app = nested()
    data, numbers = Page(html(app)).data, numbers_of(app)

    for name, stack in app.stacks.items():
        if stack.nested_in is not None:
            assert data["resources"][numbers[Place(*stack.nested_in)]]["nested"] == name
            assert f", nested in {stack.nested_in[0]}." in html(app)
    assert "after Prod/Parent." in html(app)


def test_what_was_left_out_is_said() -> None:
    """In the words of whoever read the templates."""
    notes = Page(html(APPS["hostile"]())).contents["p"]

    assert [each for each in notes if each.removesuffix(".") in map(printable, HOSTILE)]


def test_the_same_app_gives_the_same_bytes(app: App) -> None:
    """Two pages differ if the orders do."""
    assert html(app) == html(app)
    html(app).encode()


def test_the_title_counts() -> None:
    """One stack is no stacks."""
    one = App([StackTemplate("Only", {"Resources": {}})])

    assert "<title>The order of 1 stack</title>" in html(one)
    assert "<title>The order of 5 stacks</title>" in html(sample())
