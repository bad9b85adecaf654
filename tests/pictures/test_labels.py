"""Labels of resources, for wide and narrow boxes."""

from __future__ import annotations

import pytest

from slr_constructs.pictures.labels import (
    breakable,
    marks_in_words,
    short_name,
    shorten,
    width_of,
    wrap,
    wrap_all,
)
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.pictures.many_apps import HOSTILE, every_feature, hostile, nested, sample


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shortened_text_fits(text: str) -> None:
    """Any text fits in one line and in three lines."""
    for room in (20.0, 60.0, 150.0):
        assert width_of(shorten(text, room, 12), 12) <= room
        lines = wrap(text, room, 12)
        assert len(lines) in (1, 2, 3)
        assert all(width_of(each, 12) <= room for each in lines)


def test_the_middle_is_removed_first() -> None:
    """Both ends of a name identify the resource."""
    assert shorten("one two three four", 200, 12) == "one two three four"
    assert shorten("one/two/three/four", 80, 12) == "one/t…e/four"
    assert shorten("one", 5, 12) == "…"


def test_accents_have_no_width_and_wide_letters_have_more() -> None:
    """Japanese text is shortened earlier."""
    assert width_of("e\u0301", 10) == width_of("e", 10)
    assert width_of("名", 10) > width_of("A", 10) > width_of("a", 10) > width_of("i", 10)


def test_a_long_name_breaks_between_constructs_or_else_between_words() -> None:
    """Each line takes as much as fits, and the third is shortened if necessary."""
    assert wrap("Short", 150, 12) == ["Short"]
    assert wrap("CallAudio/ResourcePolicy", 120, 12) == ["CallAudio/", "ResourcePolicy"]
    assert wrap("AWSServiceRoleForMediaTailor", 140, 12) == ["AWSServiceRoleFor", "MediaTailor"]
    assert wrap("AWSServiceRoleForAmazonChimeVoiceConnector", 140, 12) == [
        *("AWSServiceRoleFor", "AmazonChimeVoice", "Connector")
    ]
    assert wrap("x" * 40, 100, 12) == [shorten("x" * 40, 100, 12)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_can_be_wrapped_without_shortening(text: str) -> None:
    """It keeps all letters, in lines that fit."""
    for room in (20.0, 60.0, 700.0):
        lines = wrap_all(text, room, 12)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(width_of(each, 12) <= room for each in lines)
    assert wrap_all("Prod/LiveShowHotline", 80, 12) == ["Prod/Live", "ShowHotline"]


def test_a_name_in_html_may_break_between_words() -> None:
    """The browser decides whether it breaks there."""
    assert breakable("Prod/Live-Show<Hotline") == "Prod/<wbr>Live-<wbr>Show&lt;Hotline"
    assert breakable("") == ""


def test_the_name_of_a_resource_is_the_path_of_its_construct() -> None:
    """A construct's only resource and a nested stack have the name of the construct."""
    stack = sample().stacks["LiveShowHotline"]
    assert {short_name(stack, each) for each in stack.resources} >= {
        *("Hotline", "CallAudio", "CallAudio/ResourcePolicy")
    }
    parent = nested().stacks["Prod/Parent"]
    assert {short_name(parent, each) for each in parent.resources} == {
        *("Before", "After", "Child", "Sibling")
    }


def test_sentences_describe_how_a_resource_concerns_a_role() -> None:
    """They name the role, the feature and its owner."""
    words = {
        short_name(stack, each): marks_in_words(stack, each)
        for stack in sample().stacks.values()
        for each in stack.resources
    }

    assert words["AWSServiceRoleForMediaTailor"] == [
        "Role: AWSServiceRoleForMediaTailor; it is deleted with the stack if nothing else uses it."
    ]
    assert words["CallAudio"] == [
        "Feature: media streaming of Hotline needs the role until it is disabled."
    ]
    assert words["Hotline"] == ["Owner: media streaming is configured on it."]
    assert words["AdDecisions/CleanUp"] == [
        "Clean-up: disables session logging before Ads is deleted."
    ]
    assert words["Ads"] == [
        "Feature: session logging needs the role until it is disabled.",
        "Owner: session logging is configured on it.",
    ]


def test_sentences_for_a_missing_owner_and_for_a_custom_resource() -> None:
    """A clean-up resource whose owner is not in the template names its own deletion."""
    clean_up = {"Type": "Custom::MediaTailorSessionLoggingCleanUp"}
    (stack,) = App([StackTemplate("S", {"Resources": {"R": clean_up}})]).stacks.values()
    assert marks_in_words(stack, "R") == ["Clean-up: disables session logging when it is deleted."]

    playback = {
        "Ads": {"Type": "AWS::MediaTailor::PlaybackConfiguration", "Properties": {"Name": "a"}},
        "Logs": {
            "Type": "Custom::MediaTailorSessionLogging",
            "Properties": {"PlaybackConfigurationName": {"Ref": "Ads"}},
        },
    }
    (stack,) = App([StackTemplate("S", {"Resources": playback})]).stacks.values()
    assert marks_in_words(stack, "Ads") == ["Owner: session logging is configured on it."]


def test_every_mark_has_a_sentence() -> None:
    """A resource has one sentence for each of its marks."""
    for app in (every_feature(), hostile()):
        for stack in app.stacks.values():
            for each in stack.resources:
                assert len(marks_in_words(stack, each)) == len(stack.marks.get(each, ()))
