"""The text of the page: it needs no network, and names cannot change its structure."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from slr_constructs.pictures.html import html
from slr_constructs.pictures.labels import escaped
from slr_constructs.pictures.steps import creation_of, teardown_of
from slr_constructs.pictures.svg import numbers_of, svg
from slr_constructs.templates.app import App, Place
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import printable
from tests.pictures.drawn import Drawn
from tests.pictures.many_apps import APPS, hand_written, large, nested, plain, sample

#: elements without an end tag.
VOID = {"meta", "link", "input", "wbr"}


class Page(HTMLParser):
    """A page, parsed as a browser parses it.

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
        """Record an element and its nesting."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.contents.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element without contents."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that each end tag closes the innermost open element."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        if self._open:
            self.contents[self._open[-1]][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        """The data that the page's script reads."""
        data, _ = self.contents["script"]
        found: dict[str, Any] = json.loads(data)
        return found


def test_it_loads_nothing(app: App) -> None:
    """The page loads no resource and runs only its own script."""
    page = Page(html(app))

    for tag, attributes in page.elements:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "a", "use", "image"}
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"src", "srcset", "action", "style", "xlink:href", "background"} & {*attributes}
        assert attributes.get("href", "data:,") == "data:,"
    for style in page.contents["style"]:
        assert "url(" not in style
        assert "@import" not in style


def test_its_policy_allows_only_its_own_contents(app: App) -> None:
    """Hashes allow the scripts and style sheets. Network, forms and evaluation are forbidden."""
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


def test_names_create_no_elements(app: App) -> None:
    """The page has as many elements as a page of harmless names."""
    page = Page(html(app))
    tags = [tag for tag, _ in page.elements]

    assert tags.count("script") == tags.count("style") == 2
    assert page.data["stacks"] == [printable(name) for name in app.stacks]
    assert [each["logicalId"] for each in page.data["resources"]] == [
        printable(each) for stack in app.stacks.values() for each in stack.resources
    ]


def test_the_pictures_in_it_are_complete(app: App) -> None:
    """One shows all resources, the other only those that belong to roles."""
    pictures = re.findall(r'<div class="picture (?:all|roles)".*?</div>', html(app), re.DOTALL)

    whole, roles = (re.findall(r'data-n="(\d+)"', each) for each in pictures)
    assert sorted(map(int, whole)) == sorted(numbers_of(app).values())
    assert {*map(int, roles)} == set(Drawn(svg(app, only_roles=True)).boxes)
    stacks = re.findall(r'<section class="lane" data-stack="([^"]*)"', pictures[0])
    assert stacks == [escaped(name) for name in app.stacks]


def test_the_data_have_the_steps_and_dependencies_of_each_resource(app: App) -> None:
    """A resource is identified by the number of its box."""
    data, numbers = Page(html(app)).data, numbers_of(app)

    for way, walk in (("creation", creation_of(app)), ("teardown", teardown_of(app))):
        assert [[each["step"], each["resources"]] for each in data["steps"][way]] == [
            [step.number, [numbers[step.stack, each] for each in step.logical_ids]]
            for step in walk.steps
        ]
        for place, turn in walk.turns.items():
            assert data["resources"][numbers[place]][way] == list(turn)
    for stack in app.stacks.values():
        for each in stack.resources:
            assert data["resources"][numbers[stack.name, each]]["dependsOn"] == [
                [numbers[stack.name, other.dependency], other.sources]
                for other in stack.dependencies_of(each)
            ]


def test_a_large_app_opens_with_the_resources_that_belong_to_a_role() -> None:
    """Resources or steps make an app large; without a role, this picture would be empty."""
    one = {"Role": {"Type": "Custom::ServiceLinkedRole", "Properties": {"RoleName": "R"}}}
    many = one | {f"Q{number}": {"Type": "AWS::SQS::Queue"} for number in range(39)}
    one_too_many = many | {"Last": {"Type": "AWS::SQS::Queue"}}
    opens = {
        resources: Page(html(App([StackTemplate("S", {"Resources": body})]))).data["onlyRoles"]
        for resources, body in (("1", one), ("40", many), ("41", one_too_many))
    }

    assert opens == {"1": False, "40": False, "41": True}
    assert Page(html(sample())).data["onlyRoles"]
    assert Page(html(large(resources=20))).data["onlyRoles"]
    assert not Page(html(plain())).data["onlyRoles"]
    # 12 steps, and no role
    assert not Page(html(hand_written())).data["onlyRoles"]


def test_the_filter_says_what_it_shows() -> None:
    """Its label has the number of resources."""
    app = sample()
    related = sum(len(stack.marks) for stack in app.stacks.values())
    resources = sum(len(stack.resources) for stack in app.stacks.values())

    label = f"Only resources that belong to a role ({related} of {resources})"
    assert label in html(app)


def test_a_list_has_the_same_content(app: App) -> None:
    """Browsers without scripts and screen readers can use it."""
    page = Page(html(app))
    tags = [tag for tag, _ in page.elements]
    steps = sum(len(stack.creation) for stack in app.stacks.values())

    # the legend is a list too
    assert tags.count("li") == steps + len(Mark)
    assert tags.count("ol") == len(app.stacks)
    assert tags.count("small") == sum(len(stack.resources) for stack in app.stacks.values())


def test_the_resource_of_a_nested_stack_names_the_stack() -> None:
    """The list names the parent of the nested stack."""
    app = nested()
    data, numbers = Page(html(app)).data, numbers_of(app)

    for name, stack in app.stacks.items():
        if stack.nested_in is not None:
            assert data["resources"][numbers[Place(*stack.nested_in)]]["nested"] == name
            assert f", nested in {stack.nested_in[0]}." in html(app)
    assert "after Prod/Parent." in html(app)


def test_notes_about_omitted_parts_are_shown() -> None:
    """The notes come from the code that read the templates."""
    notes = Page(html(APPS["hostile"]())).contents["p"]

    assert [each for each in notes if each.removesuffix(".") in APPS["hostile"]().notes]


def test_the_same_app_gives_the_same_bytes(app: App) -> None:
    """Two pages differ only if the orders differ."""
    assert html(app) == html(app)
    html(app).encode()


def test_the_title_counts() -> None:
    """The title uses the singular for one stack."""
    one = App([StackTemplate("Only", {"Resources": {}})])

    assert "<title>The order of 1 stack</title>" in html(one)
    assert "<title>The order of 5 stacks</title>" in html(sample())
