"""The page in a real browser: with a mouse, a keyboard, a finger, and without scripts."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Keys

from slr_constructs.pictures.svg import svg
from slr_constructs.templates.words import printable
from tests.pictures.colours import contrast, luminance
from tests.pictures.many_apps import HOSTILE, hand_written, hostile, large, nested, nothing, sample
from tests.pictures.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from selenium.webdriver import Chrome

    from slr_constructs.templates.app import App

    Open = Callable[..., Page]

pytestmark = pytest.mark.browser

HOTLINE = "LiveShowHotline"
STREAMING = "CallAudioF27811E9"
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
OVERFLOW = "return document.scrollingElement.scrollWidth - innerWidth"


def look(chrome: Chrome, scheme: str) -> None:
    """Set the reader's preference for light or dark mode, without motion."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    chrome.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": name, "value": value} for name, value in features.items()]},
    )


def phone(chrome: Chrome) -> None:
    """Set the screen of a phone."""
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})


def chain_of(app: App, stack: str, logical_id: str) -> set[str]:
    """Return a resource with its dependencies and dependents, direct and indirect."""
    found = app.stacks[stack]
    return {
        each
        for each in found.resources
        if each == logical_id
        or found.is_before(each, logical_id)
        or found.is_before(logical_id, each)
    }


def test_pointing_at_a_resource_shows_its_dependencies(open_page: Open) -> None:
    """The panel lists them, and only the resource and its chain are highlighted."""
    app = sample()
    page = open_page(app)
    assert "No resource is selected" in page.text("#panel")

    page.point_at(page.box(STREAMING))

    panel = page.text("#panel")
    assert panel.startswith("CallAudio")
    assert "Feature: media streaming of Hotline needs the role until it is disabled." in panel
    assert "step 6 of 6" in panel
    assert "step 1 of 6" in panel
    assert "CallAudio/Resource" in panel
    assert STREAMING in panel
    assert "Custom::VoiceConnectorStreaming" in panel
    dependencies = {
        tuple(each.split("\n"))
        for each in re.findall(r".+\n(?:DependsOn|GetAtt|Ref)$", panel, re.MULTILINE)
    }
    assert dependencies == {
        ("AWSServiceRoleForAmazonChimeVoiceConnector", "DependsOn"),
        ("CallAudio/ResourcePolicy", "DependsOn"),
        ("Hotline", "GetAtt"),
        ("ServiceLinkedRoleFunction", "GetAtt"),
        ("ServiceLinkedRoleFunction/Events", "DependsOn"),
    }
    assert set(page.chosen()) == chain_of(app, HOTLINE, STREAMING)
    assert page.run("return document.querySelectorAll('.all .arrow.on').length") > 0


def test_pointing_is_temporary_and_clicking_selects(open_page: Open) -> None:
    """A click on another resource selects that; a click on the background clears the selection."""
    page = open_page(sample())

    page.point_at(page.box("Hotline"))
    page.point_at(page.chrome.find_element("css selector", "h1"))
    assert page.chosen() == []

    page.box("Hotline").click()
    page.point_at(page.box(STREAMING))
    assert page.text("#panel h2") == "CallAudio"
    page.point_at(page.chrome.find_element("css selector", "h1"))
    assert page.text("#panel h2") == "Hotline"

    page.click(".all .stack")
    assert page.chosen() == []
    assert "No resource is selected" in page.text("#panel")


def test_dependencies_are_links(open_page: Open) -> None:
    """Dependent resources are links too."""
    page = open_page(sample())
    page.box(STREAMING).click()

    page.run(
        "[...document.querySelectorAll('#panel li button')]"
        ".find((each) => each.textContent === 'Hotline').click()"
    )

    assert page.text("#panel h2") == "Hotline"
    assert "Owner: media streaming is configured on it." in page.text("#panel")
    assert "Dependent resources (2)" in page.text("#panel")
    assert page.run("return document.activeElement.dataset.id") == "Hotline"


def test_the_keyboard_is_enough(open_page: Open) -> None:
    """Tab moves between parts, arrow keys move between resources, Space plays, Escape clears."""
    app = sample()
    page = open_page(app)

    for selector in (
        *("[name=mode]", "#play", "#next", "#step", "#search", "#only-roles", ".box"),
    ):
        page.tab_to(selector)
        outline: str = page.run(
            "const each = document.activeElement;"
            "return [each, each.nextElementSibling, each.querySelector('rect')].filter(Boolean)"
            ".map((one) => getComputedStyle(one)).map((one) => one.outlineStyle + one.strokeWidth)"
            ".join()"
        )
        assert "solid" in outline or "3px" in outline, selector
    # one stop for all resources: the next one comes after them
    assert page.run("return document.activeElement.closest('.box') !== null")
    page.press(Keys.HOME)
    seen = [page.run("return document.activeElement.dataset.id")]
    for _ in range(4):
        page.press(Keys.ARROW_RIGHT)
        seen.append(page.run("return document.activeElement.dataset.id"))
        assert page.run("return document.activeElement.getAttribute('aria-selected')") == "true"
    stack = app.stacks[HOTLINE]
    assert all(one == other or stack.is_before(one, other) for one, other in pairwise(seen))
    assert len(set(seen)) > 2
    page.press(Keys.ARROW_LEFT)
    assert stack.is_before(page.run("return document.activeElement.dataset.id"), seen[-1])
    page.press(Keys.END)
    assert page.run("return document.activeElement.closest('.lane').dataset.stack") == (
        "LiveShowCatchUp"
    )
    page.press(Keys.ARROW_UP)
    page.press(Keys.ARROW_DOWN)
    page.press("x")

    page.tab_to("#panel li button")
    page.press(Keys.ENTER)
    assert page.run("return document.activeElement.matches('.box')")

    page.press(Keys.SPACE)
    assert page.text("#play") == "Pause"
    page.press(Keys.SPACE)
    assert page.text("#play") == "Play"
    assert f"step 1 of {page.steps()}" in page.text("#now")

    page.press(Keys.ESCAPE)
    assert page.chosen() == []
    assert page.run("return document.querySelectorAll('.all [tabindex=\"0\"]').length") == 1


def test_a_finger_is_enough(open_page: Open, chrome: Chrome) -> None:
    """On a phone, nothing is wider than the screen, and the panel does not cover a tapped box."""
    phone(chrome)
    page = open_page(sample())
    assert page.run(OVERFLOW) <= 0
    assert not page.run("return document.querySelector('#panel').checkVisibility()")

    for logical_id in (STREAMING, "Shows", "Hotline"):
        page.tap(page.box(logical_id))
        page.wait_until(
            f"return document.querySelector('#panel dl')?.innerText.includes('{logical_id}')"
        )
        assert page.chosen()
        assert page.run(OVERFLOW) <= 0
        box, sheet = page.run(
            "return [arguments[0], document.querySelector('#panel')].map((each) =>"
            " each.getBoundingClientRect().toJSON())",
            page.box(logical_id),
        )
        assert sheet["left"] == 0
        assert sheet["bottom"] == 740
        assert box["top"] >= 0
        assert box["bottom"] <= sheet["top"]
        assert box["left"] >= 0
    page.click("#panel .close")
    assert not page.run("return document.querySelector('#panel').checkVisibility()")
    page.run("document.querySelector('details').open = true")
    assert page.run(OVERFLOW) <= 0


@pytest.mark.parametrize("mode", ["creation", "teardown"])
def test_steps_agree_with_the_order(open_page: Open, mode: str) -> None:
    """The states are correct at every step of the slider, forwards and backwards."""
    app = sample()
    page = open_page(app)
    page.run(f"document.querySelector('[value={mode}]').click()")
    stacks = list(app.stacks.values())
    steps = [
        (stack.name, number, step)
        for stack in (stacks if mode == "creation" else reversed(stacks))
        for number, step in enumerate(stack.creation if mode == "creation" else stack.deletion, 1)
    ]
    assert page.steps() == len(steps)
    assert {state for each in page.states().values() for state in each.values()} == {""}

    for step in [*range(1, len(steps) + 1), len(steps) // 2, 1]:
        page.slide_to(step)

        states = page.states()
        for index, (name, _, logical_ids) in enumerate(steps, 1):
            expected = "done" if index < step else "now" if index == step else "later"
            assert {states[name][each] for each in logical_ids} == {expected}
        name, number, logical_ids = steps[step - 1]
        of = len(app.stacks[name].creation)
        title = "Creation" if mode == "creation" else "Deletion"
        assert page.text("#now").startswith(
            f"{title}, step {step} of {len(steps)} ({name}, step {number} of {of}): "
        )
    page.slide_to(0)
    assert {state for each in page.states().values() for state in each.values()} == {""}


def test_states_differ_by_more_than_colour(open_page: Open) -> None:
    """Existing resources have a solid outline, others a dotted one; signs show what happens."""
    page = open_page(hand_written())

    for mode, existing in (("creation", "done"), ("teardown", "later")):
        page.run(f"document.querySelector('[value={mode}]').click()")
        page.slide_to(5)
        looks: dict[str, list[Any]] = page.run(
            "return Object.fromEntries(['done', 'now', 'later'].map((state) => {"
            " const box = document.querySelector(`.all [data-state=${state}]`);"
            " const rect = getComputedStyle(box.querySelector('rect'));"
            " const sign = box.querySelector('.sign');"
            " return [state, [rect.strokeDasharray, rect.strokeWidth,"
            "  sign && getComputedStyle(sign).display !== 'none'"
            "   && sign.lastChild.getAttribute('d')]];"
            "}))"
        )

        assert len({str(each) for each in looks.values()}) == 3
        assert looks["now"][1] == "3px"
        assert looks["now"][2] not in (None, False, looks["done"][2])
        assert {state for state, each in looks.items() if each[0] == "none"} == {"now", existing}


def test_it_plays_to_the_end(open_page: Open, chrome: Chrome) -> None:
    """It plays through nested stacks in both directions, stops, and can start again."""
    fast = chrome.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "const slow = setInterval; window.setInterval = (go) => slow(go, 5);"},
    )
    app = nested()
    page = open_page(app)
    chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", fast)
    steps = page.steps()
    assert steps == sum(len(stack.creation) for stack in app.stacks.values())

    for mode in ("creation", "teardown"):
        page.run(f"document.querySelector('[value={mode}]').click()")
        for _ in range(2):
            page.click("#play")
            page.wait_until("return document.getElementById('play').textContent === 'Play'")
            assert f"step {steps} of {steps}" in page.text("#now")
        last = "Later" if mode == "creation" else "Parent"
        assert set(page.states()[f"Prod/{last}"].values()) >= {"now"}
    assert page.run("return document.getElementById('next').disabled")
    page.click("#previous")
    assert f"step {steps - 1} of {steps}" in page.text("#now")
    page.click("#next")
    assert f"step {steps} of {steps}" in page.text("#now")


def test_a_nested_stack_is_in_progress_while_its_resources_are(open_page: Open) -> None:
    """Its panel names the nested stack."""
    app = nested()
    page = open_page(app)
    _, child = app.stacks["Prod/Parent/Child"].nested_in or ("", "")

    page.slide_to(4)

    assert page.text("#now").startswith("Creation, step 4 of 12 (Prod/Parent/Child, step 1 of 6)")
    assert page.states()["Prod/Parent"][child] == "now"
    page.box(child).click()
    assert "Nested stack Prod/Parent/Child" in page.text("#panel").replace("\n", " ")


def test_a_resource_is_found_by_its_names(open_page: Open) -> None:
    """The search covers path, type, logical id and mark of all resources."""
    page = open_page(sample())
    page.click("#search")

    page.press("kinesis")
    assert page.text("#found p") == "2 found"
    assert page.run(OVERFLOW) <= 0
    page.press(Keys.ENTER)
    assert page.run("return document.getElementById('found').hidden")
    assert page.text("#panel h2") in ("Messages", "Channels")
    assert page.run(
        "const box = document.activeElement.getBoundingClientRect();"
        "const frame = document.getElementById('graph').getBoundingClientRect();"
        "return box.top >= frame.top && box.bottom <= frame.bottom && box.left >= frame.left"
    )

    page.click("#search")
    page.press("no such name", Keys.ENTER)
    assert page.text("#found p") == "No resource matches this text."
    page.press(Keys.ESCAPE)
    assert page.run("return document.getElementById('found').hidden")


SCREENS = {"desktop": 1400, "phone": 360}
#: how far a picture is wider than its frame.
SCROLLED_AWAY = """
const graph = document.getElementById('graph');
return graph.scrollWidth - graph.clientWidth;
"""
#: the parts of a page with this selector that are not within the frame of the picture.
OUTSIDE = """
const frame = document.getElementById('graph').getBoundingClientRect();
return [...document.querySelectorAll(arguments[0])].filter((each) => each.checkVisibility())
  .filter((each) => {
    const box = each.getBoundingClientRect();
    return box.left < frame.left || box.right > frame.right || each.scrollWidth > each.clientWidth;
  }).map((each) => each.textContent);
"""


def screen(chrome: Chrome, width: int, height: int = 900) -> None:
    """Set the size of the screen."""
    if width == PHONE["width"]:
        phone(chrome)
    else:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def test_all_steps_of_the_sample_app_are_visible_on_a_desktop(
    open_page: Open, chrome: Chrome
) -> None:
    """Roles, features, owners and clean-ups need no horizontal scrolling, and are readable."""
    screen(chrome, SCREENS["desktop"])
    app = sample()
    page = open_page(app, as_it_is=True)

    assert set(page.shown()) == {each for stack in app.stacks.values() for each in stack.marks}
    assert page.run(SCROLLED_AWAY) == 0
    assert page.run(OVERFLOW) <= 0
    assert page.run(OUTSIDE, ".roles .box") == []
    scales = page.run(
        "return [...document.querySelectorAll('.roles svg')].map((each) =>"
        " each.getBoundingClientRect().width / each.viewBox.baseVal.width)"
    )
    # text of 12 pixels, of which none is smaller than 10
    assert all(10 / 12 <= each <= 1 for each in scales)


@pytest.mark.parametrize("width", [1100, 1400, 2000])
def test_a_picture_that_is_too_wide_has_readable_text(
    open_page: Open, chrome: Chrome, width: int
) -> None:
    """It either fits, with text that is a little smaller, or it scrolls in its full size."""
    screen(chrome, width)
    page = open_page(sample())
    scale, hidden = page.run(
        "const svg = document.querySelector('.all svg'), graph = document.getElementById('graph');"
        "return [svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,"
        " graph.scrollWidth - graph.clientWidth]"
    )

    assert scale == 1 or (10 / 12 <= scale < 1 and hidden == 0)
    assert (scale == 1) == (width < 2000) or hidden == 0


@pytest.mark.parametrize("width", SCREENS.values(), ids=SCREENS)
@pytest.mark.parametrize("make", [sample, nested, hostile])
def test_stack_names_are_never_cut(
    open_page: Open, chrome: Chrome, make: Callable[[], App], width: int
) -> None:
    """They are visible at first, while the picture scrolls, and after the filter is changed."""
    screen(chrome, width)
    page = open_page(make(), as_it_is=True)

    for _ in range(3):
        for part in (0, 0.3, 1):
            page.run(
                "const graph = document.getElementById('graph');"
                "graph.scrollTo({left: arguments[0] * graph.scrollWidth, behavior: 'instant'})",
                part,
            )
            assert page.run(OUTSIDE, ".picture .stack, .picture .about") == []
        page.run("document.getElementById('only-roles').click()")
        assert page.run("return document.getElementById('graph').scrollLeft") == 0
        assert page.run(OUTSIDE, ".picture .stack, .picture .about") == []


@pytest.mark.parametrize("width", SCREENS.values(), ids=SCREENS)
def test_everything_is_reachable_without_scrolling_the_page_sideways(
    open_page: Open, chrome: Chrome, width: int
) -> None:
    """All controls and texts outside of the picture are within the screen."""
    screen(chrome, width)
    page = open_page(sample())
    page.slide_to(12)
    page.box(STREAMING).click()
    page.run("document.querySelector('details').open = true")

    assert page.run(OVERFLOW) <= 0
    outside = page.run(
        "return [...document.querySelectorAll('header *, #panel *, details *')]"
        ".filter((each) => each.checkVisibility() && !each.closest('.unseen, #found'))"
        ".filter((each) => { const box = each.getBoundingClientRect();"
        " return box.width && (box.left < 0 || box.right > innerWidth + .5); })"
        ".map((each) => each.outerHTML.slice(0, 200))"
    )
    assert outside == []


@pytest.mark.parametrize("make", [sample, nested, hostile])
def test_texts_stay_within_their_boxes(open_page: Open, make: Callable[[], App]) -> None:
    """The widths are measured, not estimated."""
    page = open_page(make())

    wider = page.run(
        "return [...document.querySelectorAll('.all .box text')].filter((each) => {"
        " const text = each.getBoundingClientRect();"
        " const box = each.closest('.box').querySelector('rect').getBoundingClientRect();"
        " return text.left < box.left || text.right > box.right || text.bottom > box.bottom;"
        "}).map((each) => each.textContent)"
    )
    assert wider == []


#: A4 in landscape without the margins of the style sheet, in pixels.
PAPER = {"width": round(273 / 25.4 * 96), "height": round(186 / 25.4 * 96)}


@pytest.mark.parametrize("make", [sample, large])
def test_it_can_be_printed(open_page: Open, chrome: Chrome, make: Callable[[], App]) -> None:
    """Paper is white, each stack fits on a page and is not divided, and the list is included."""
    look(chrome, "dark")
    app = make() if make is sample else large(stacks=3, resources=60)
    page = open_page(app)
    page.slide_to(3)
    page.run("document.querySelector('.all .box').dispatchEvent(new Event('click'))")
    screen(chrome, PAPER["width"], PAPER["height"])
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})

    assert (
        luminance(page.run("return getComputedStyle(document.documentElement).backgroundColor"))
        == 1
    )
    visible = "return document.querySelector(arguments[0]).checkVisibility()"
    for selector in ("#controls", "#panel", "#now"):
        assert not page.run(visible, selector)
    lanes = page.run(
        "return [...document.querySelectorAll('.all .lane')].map((each) => ["
        " each.dataset.stack, getComputedStyle(each).breakInside,"
        " each.getBoundingClientRect().right, each.getBoundingClientRect().height,"
        " each.querySelector('svg').getBoundingClientRect().right])"
    )
    assert [name for name, *_ in lanes] == list(app.stacks)
    for name, inside, right, height, picture in lanes:
        assert inside == "avoid", name
        assert max(right, picture) <= PAPER["width"]
        assert height <= PAPER["height"]
    listed = page.run(
        "return [...document.querySelectorAll('.list h2')].filter((each) =>"
        " each.getBoundingClientRect().height > 0).length"
    )
    assert listed == len(app.stacks)
    assert page.run(OVERFLOW) <= 0
    printed = chrome.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    pages = base64.b64decode(printed).count(b"/Type /Page\n")
    assert pages >= 2


def test_resources_that_concern_no_role_can_be_hidden(open_page: Open) -> None:
    """The steps stay the same; a link to a hidden resource shows all resources again."""
    app = sample()
    page = open_page(app)
    page.slide_to(4)
    page.box(STREAMING).click()
    page.click("#only-roles")

    assert set(page.shown()) == {each for stack in app.stacks.values() for each in stack.marks}
    assert page.states()[HOTLINE][STREAMING] == "later"
    assert page.text("#panel h2") == "CallAudio"
    page.run(
        "[...document.querySelectorAll('#panel li button')]"
        ".find((each) => each.textContent === 'ServiceLinkedRoleFunction').click()"
    )
    assert page.text("#panel h2") == "ServiceLinkedRoleFunction"
    assert len(page.shown()) == sum(len(stack.resources) for stack in app.stacks.values())
    assert not page.run("return document.getElementById('only-roles').checked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enoughcontrast(open_page: Open, chrome: Chrome, scheme: str) -> None:
    """In every state, the contrast with the background meets the ratio that WCAG requires."""
    look(chrome, scheme)
    page = open_page(sample())
    seen = set()

    for mode in ("creation", "teardown"):
        page.run(f"document.querySelector('[value={mode}]').click()")
        for step in (0, 25, 12):
            page.slide_to(step)
            for words, colour, behind, _ in page.run(_TEXTS):
                seen.add((colour, behind))
                assert contrast(colour, behind) >= 4.5, (words, colour, behind)
    page.box(STREAMING).click()
    page.run("document.getElementById('search').value = 'role'")
    page.run("document.getElementById('search').dispatchEvent(new Event('input'))")
    page.run("document.querySelector('details').open = true")
    for words, colour, behind, lit in page.run(_TEXTS):
        seen.add((colour, behind))
        assert not lit or contrast(colour, behind) >= 4.5, (words, colour, behind)
    assert len(seen) > 15
    ground = page.run("return getComputedStyle(document.documentElement).backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")


#: every visible text, its colour, its background colour, and whether it is not dimmed.
_TEXTS = """
return [...document.querySelectorAll('body *')].filter((each) => each.checkVisibility()
  && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  && !['SCRIPT', 'STYLE', 'title', 'desc'].includes(each.tagName)).map((each) => {
    const style = getComputedStyle(each);
    if (each.tagName !== 'text') {
      let behind = each;
      const clear = (one) => getComputedStyle(one).backgroundColor === 'rgba(0, 0, 0, 0)';
      while (behind.parentElement && clear(behind)) behind = behind.parentElement;
      return [each.textContent, style.color, getComputedStyle(behind).backgroundColor, true];
    }
    const box = each.closest('.box');
    const fill = box ? getComputedStyle(box.querySelector(':scope > rect')).fill : 'none';
    const lane = getComputedStyle(each.closest('.lane') ?? document.documentElement);
    return [each.textContent, style.fill, fill === 'none' ? lane.backgroundColor : fill,
      !each.closest('.choosing') || each.closest('.on') !== null];
  })
"""


def test_names_that_are_code_are_shown_and_not_run(open_page: Open) -> None:
    """The picture, the panel, the search and the list show such names as text."""
    page = open_page(hostile())
    page.run("window.alert = () => { window.alerted = true; }")
    page.slide_to(3)

    names = [printable(each) for each in HOSTILE]
    for number, name in enumerate(names):
        page.run(
            "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))",
            page.chrome.find_element("css selector", f".all [data-n='{number}']"),
        )
        assert page.run("return document.querySelector('#panel h2').textContent") == name
    page.click("#search")
    page.press("script")
    assert "alert(1)" in page.text("#found")
    assert page.run("return window.alerted") is None
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert page.run("return document.querySelectorAll('img, iframe, [onerror]').length") == 0


def test_the_page_works_with_five_thousand_resources(open_page: Open) -> None:
    """Ten stacks of 500 resources, which is CloudFormation's quota, can be stepped through."""
    page = open_page(large())
    assert len(page.shown()) == 5000

    page.slide_to(page.steps() // 2)
    states = page.states()
    assert set(states["Stack0"].values()) == {"done"}
    assert set(states["Stack9"].values()) == {"later"}
    page.click("#next")
    page.click("#search")
    page.press("R499", Keys.ENTER)
    assert page.text("#panel h2") == "R499"
    page.press(Keys.ARROW_LEFT)
    assert len(page.chosen()) > 2


@pytest.mark.parametrize("make", [nothing, hand_written], ids=["no-stacks", "no-roles"])
def test_the_controls_work_with_an_empty_picture(open_page: Open, make: Callable[[], App]) -> None:
    """The picture is empty, and the page logs no error."""
    page = open_page(make())

    page.click("#only-roles")
    assert page.shown() == []
    page.click("#play")
    page.press(Keys.SPACE, Keys.ESCAPE)
    page.click("#only-roles")
    assert len(page.shown()) == len([each for s in make().stacks.values() for each in s.resources])


def test_without_scripts_it_is_a_picture_and_a_list(open_page: Open, chrome: Chrome) -> None:
    """The controls, which would have no effect, are hidden."""
    page = open_page(sample())
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chrome.refresh()
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    page.wait_until_loaded()

    assert not page.chrome.find_element("css selector", "#controls").is_displayed()
    assert not page.chrome.find_element("css selector", "#panel").is_displayed()
    assert page.chrome.find_element("css selector", ".all .box").is_displayed()
    page.click("summary")
    assert "AWSServiceRoleForMediaTailor Custom::ServiceLinkedRole (role)" in page.text("details")


def test_reduced_motion_is_respected(open_page: Open, chrome: Chrome) -> None:
    """If the reader prefers reduced motion, the page has no transitions."""
    page = open_page(sample())
    script = "return getComputedStyle(document.querySelector('.box > rect')).transitionDuration"

    assert page.run(script) == "0s"
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert page.run(script) != "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_works_as_an_image(chrome: Chrome, tmp_path: Path, scheme: str) -> None:
    """GitHub shows it as an image, in the reader's light or dark mode."""
    look(chrome, scheme)
    (tmp_path / "order.svg").write_text(svg(sample(), only_roles=True), encoding="utf-8")
    page = tmp_path / "readme.html"
    page.write_text('<!doctype html><meta charset="utf-8"><img src="order.svg">', encoding="utf-8")
    chrome.get(page.as_uri())

    Page(chrome).wait_until("return document.images[0]?.naturalWidth > 500")
    # the background of the picture, near its corner
    shot = chrome.execute_cdp_cmd(
        "Page.captureScreenshot",
        {"clip": {"x": 12, "y": 12, "width": 1, "height": 1, "scale": 1}},
    )
    pixel = chrome.execute_async_script(_PIXEL, f"data:image/png;base64,{shot['data']}")
    assert pixel == {"light": [255, 255, 255, 255], "dark": [13, 17, 23, 255]}[scheme]


_PIXEL = """
const [url, done] = arguments;
const image = new Image();
image.onload = () => {
  const context = document.createElement('canvas').getContext('2d');
  context.drawImage(image, 0, 0);
  done([...context.getImageData(0, 0, 1, 1).data]);
};
image.src = url;
"""
