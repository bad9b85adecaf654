"""The picture shows every resource once, at a readable position."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import pytest

from slr_constructs.pictures.labels import width_of
from slr_constructs.pictures.svg import numbers_of, svg
from slr_constructs.templates.app import App, Place
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import printable
from tests.pictures.drawn import SVG, Drawn
from tests.pictures.many_apps import hand_written, hostile, large, nested, nothing, sample


@pytest.fixture(params=[False, True], ids=["all", "roles"])
def drawn(app: App, request: pytest.FixtureRequest) -> Drawn:
    """Return the app's picture, of all resources and of those that concern roles."""
    return Drawn(svg(app, only_roles=request.param))


def test_every_resource_is_drawn_once(app: App) -> None:
    """Its box is in the lane of its stack, under its step."""
    boxes = Drawn(svg(app)).boxes
    places = {(box.stack, box.logical_id): box.step for box in boxes.values()}

    assert len(places) == len(boxes)
    assert places == {
        (printable(stack.name), printable(each)): number
        for stack in app.stacks.values()
        for number, step in enumerate(stack.creation, 1)
        for each in step
    }


def test_resources_that_concern_roles_have_marks(app: App) -> None:
    """A mark has a colour, a shape and a word; the picture of roles omits all other resources."""
    numbers = numbers_of(app)
    marks = {
        numbers[stack.name, each]: [mark.value for mark in found]
        for stack in app.stacks.values()
        for each, found in stack.marks.items()
    }
    nested_in = {numbers[stack.nested_in] for stack in app.stacks.values() if stack.nested_in}

    for only_roles in (False, True):
        boxes = Drawn(svg(app, only_roles=only_roles)).boxes
        for number, box in boxes.items():
            found = marks.get(number, [])
            assert box.classes == found[:1]
            assert box.texts[len(box.texts) - len(found) :] == found
        if only_roles:
            assert set(marks) <= set(boxes) <= set(marks) | nested_in


def test_boxes_of_a_lane_do_not_overlap(drawn: Drawn) -> None:
    """Every box is inside its lane."""
    for one, other in combinations(drawn.boxes.values(), 2):
        assert (
            one.stack != other.stack
            or one.x + one.width < other.x
            or other.x + other.width < one.x
            or one.y + one.height < other.y
            or other.y + other.height < one.y
        )
    lanes = {lane.attrib["data-stack"]: lane.find(f"{SVG}rect") for lane in drawn.lanes}
    for box in drawn.boxes.values():
        ground = lanes[box.stack]
        assert ground is not None
        assert box.x > 0 <= box.y
        assert box.x + box.width < int(ground.attrib["width"])
        assert box.y + box.height < int(ground.attrib["height"])


def test_lanes_do_not_overlap_and_are_in_the_order_of_deployment(app: App) -> None:
    """A nested stack follows its parent."""
    drawn = Drawn(svg(app))
    tops = [
        (y, y + int(lane[0].attrib["height"]))
        for lane in drawn.lanes
        for _, y in [map(int, re.findall(r"\d+", lane.attrib["transform"]))]
    ]

    assert [each.attrib["data-stack"] for each in drawn.lanes] == [
        printable(name) for name in app.stacks
    ]
    assert all(end < start for (_, end), (start, _) in pairwise(tops))
    assert all(end < int(drawn.root.attrib["height"]) for _, end in tops)


def test_arrows_lead_to_earlier_steps_and_show_all_dependencies(app: App) -> None:
    """Each direct dependency is drawn or follows from other arrows, and no arrow is redundant."""
    drawn = Drawn(svg(app))
    numbers = numbers_of(app)
    dependencies = drawn.dependencies()

    for arrow in drawn.arrows:
        dependent, dependency = drawn.boxes[arrow.dependent], drawn.boxes[arrow.dependency]
        assert dependent.stack == dependency.stack
        assert dependent.step > dependency.step
        others = {
            each.dependency
            for each in drawn.arrows
            if each.dependent == arrow.dependent and each is not arrow
        }
        assert arrow.dependency not in others.union(*(dependencies[each] for each in others))
    for stack in app.stacks.values():
        for dependent, dependency in stack.graph.edges():
            assert numbers[stack.name, dependency] in dependencies[numbers[stack.name, dependent]]


def test_arrows_lead_through_resources_that_are_not_shown(app: App) -> None:
    """The picture of roles has the same dependencies between its resources as the full picture."""
    whole, part = Drawn(svg(app)), Drawn(svg(app, only_roles=True))
    before, after = whole.dependencies(), part.dependencies()

    assert all(after[each] == before[each] & set(part.boxes) for each in part.boxes)


def test_arrows_go_from_box_to_box_and_around_the_others(drawn: Drawn) -> None:
    """They start at the left side of a box, end at the right side of another, and cross no box."""
    for arrow in drawn.arrows:
        dependent, dependency = drawn.boxes[arrow.dependent], drawn.boxes[arrow.dependency]
        (x, y), (to_x, to_y) = arrow.points[0], arrow.points[-1]

        assert x == dependent.x
        assert dependent.has(x, y)
        assert to_x == dependency.x + dependency.width
        assert dependency.has(to_x, to_y)
        assert all(end < start for (start, _), (end, _) in pairwise(arrow.points))
        for box in drawn.boxes.values():
            if box.stack == dependent.stack and box not in (dependent, dependency):
                assert not any(box.has(*point) for point in arrow.points)


def test_a_straight_line_stays_straight() -> None:
    """A chain without branches is drawn as one line."""
    resources = {
        "A": {"Type": "T"},
        "B": {"Type": "T", "DependsOn": "A"},
        "C": {"Type": "T", "DependsOn": "B"},
    }
    drawn = Drawn(svg(App([StackTemplate("Chain", {"Resources": resources})])))

    assert len({y for arrow in drawn.arrows for _, y in arrow.points}) == 1


def test_lines_cross_only_where_they_must() -> None:
    """The order within a column avoids crossings."""
    resources: dict[str, object] = {f"A{number}": {"Type": "T"} for number in range(6)}
    resources |= {
        f"B{number}": {"Type": "T", "DependsOn": f"A{(number * 5 + 2) % 6}"} for number in range(6)
    }
    drawn = Drawn(svg(App([StackTemplate("Crossed", {"Resources": resources})])))

    for one, other in combinations(drawn.arrows, 2):
        above = one.points[0][1] < other.points[0][1]
        assert above == (one.points[-1][1] < other.points[-1][1])


def test_the_same_app_gives_the_same_bytes(app: App) -> None:
    """A picture in a repository changes only when the order changes."""
    assert svg(app) == svg(app)
    assert svg(app) == svg(App([each_source(app, name) for name in app.stacks]))


def each_source(app: App, name: str) -> StackTemplate:
    """Return the template that a stack was read from."""
    stack = app.stacks[name]
    return StackTemplate(
        name,
        stack.template,
        depends_on=tuple(stack.depends_on),
        nested_in=stack.nested_in,
        not_analyzed=tuple(stack.not_analyzed),
    )


def test_it_loads_nothing(app: App) -> None:
    """It has no script, font, image or link, because browsers block them in an image."""
    text = svg(app)
    root = Drawn(text).root

    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        *("svg", "title", "desc", "style", "g", "rect", "path", "circle", "text")
    }
    assert not [
        name
        for each in root.iter()
        for name in each.attrib
        if name.startswith("on") or name in ("href", "style", "src")
    ]
    assert text.count("://") == text.count("http://www.w3.org/2000/svg") == 1
    assert "url(" not in text
    assert "@import" not in text
    text.encode()


def test_it_has_a_title_and_a_description(app: App) -> None:
    """Screen readers can use them."""
    root = Drawn(svg(app)).root

    assert root.attrib["role"] == "img"
    assert str(root.findtext(f"{SVG}title")).endswith(("stack", "stacks"))
    assert all(printable(each) in str(root.findtext(f"{SVG}desc")) for each in app.stacks)


def test_shortened_names_have_the_full_name_as_tooltip() -> None:
    """The tooltip appears when the mouse points at the box."""
    (box,) = [each for each in Drawn(svg(hostile())).boxes.values() if "LongLong" in each.title]

    assert "Very/" + "Long" * 120 in box.title
    assert all(len(each) < 40 for each in box.texts)
    assert "…" in box.texts[2]


def test_stack_names_are_never_shortened(app: App) -> None:
    """A name that is wider than its lane continues on the next line, above the boxes."""
    for lane in Drawn(svg(app)).lanes:
        name = lane.attrib["data-stack"]
        lines = [each for each in lane if each.attrib.get("class") == "stack"]
        texts = [str(each.text) for each in lines]

        assert "".join(texts).replace(" ", "") == name.replace(" ", "")
        room = int(lane[0].attrib["width"]) - 2 * 16
        assert all(width_of(text, 15 * 1.12) <= room for text in texts)
        tops = [int(each.attrib["y"]) for each in lane if each.tag == f"{SVG}text"]
        (boxes,) = lane.findall(f"{SVG}g")
        assert max(tops) < int(re.findall(r"\d+", boxes.attrib["transform"])[1])


def test_headings_name_the_dependencies_of_a_stack() -> None:
    """Headings of nested stacks name the parent."""
    texts = [each.text for each in Drawn(svg(nested())).root.iter(f"{SVG}text")]

    assert "1 resource, 1 step; depends on Prod/Parent" in texts
    assert "10 resources, 6 steps; nested in Prod/Parent, step 2" in texts
    assert "Child" in texts


def test_the_picture_of_roles_keeps_the_numbers_of_steps() -> None:
    """The numbers describe the order of the whole stack."""
    texts = [each.text for each in Drawn(svg(sample(), only_roles=True)).root.iter(f"{SVG}text")]

    assert "step 5" in texts
    assert "step 2" not in texts
    assert "3 of 9 resources, 6 steps" in texts


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        pytest.param(nothing(), "The app has no stacks.", id="no-stacks"),
        pytest.param(hand_written(), "No resource belongs to a role.", id="no-roles"),
    ],
)
def test_an_empty_picture_has_an_explanation(app: App, sentence: str) -> None:
    """The picture is not blank."""
    assert sentence in svg(app, only_roles=True)


def test_the_legend_has_every_mark() -> None:
    """It includes marks that the picture does not use."""
    (legend,) = Drawn(svg(nothing())).root.findall(f"{SVG}g[@class='legend']")

    assert [each.attrib["class"] for each in legend.findall(f"{SVG}g")] == [
        f"mark {mark.value}" for mark in Mark
    ]


def test_the_legend_fits_into_the_narrowest_picture() -> None:
    """No word of it is cut."""
    root = Drawn(svg(nothing())).root
    (legend,) = root.findall(f"{SVG}g[@class='legend']")

    for each in legend.findall(f"{SVG}text"):
        end = int(each.attrib["x"]) + width_of(str(each.text), 12)
        assert end <= int(root.attrib["width"])


def test_five_thousand_resources_are_drawn() -> None:
    """Ten stacks of 500 resources, which is CloudFormation's quota, are drawn."""
    drawn = Drawn(svg(large()))

    assert len(drawn.boxes) == 5000
    assert Place("Stack9", "R499") in {(box.stack, box.logical_id) for box in drawn.boxes.values()}
