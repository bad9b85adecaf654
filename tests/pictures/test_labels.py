"""How resources are called, in much room and in little."""

from __future__ import annotations

import pytest

from slr_constructs.pictures.labels import marks_in_words, short_name, shorten, width_of, wrap
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.pictures.many_apps import HOSTILE, every_feature, hostile, nested, sample


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_shortened_fits(text: str) -> None:
    """Whatever it is made of, in one line and in two."""
    for room in (20.0, 60.0, 150.0):
        assert width_of(shorten(text, room, 12), 12) <= room
        lines = wrap(text, room, 12)
        assert len(lines) in (1, 2)
        assert all(width_of(each, 12) <= room for each in lines)


def test_the_middle_goes_first() -> None:
    """Both ends say what a thing is."""
    assert shorten("one two three four", 200, 12) == "one two three four"
    assert shorten("one/two/three/four", 80, 12) == "one/t…e/four"
    assert shorten("one", 5, 12) == "…"


def test_accents_take_no_room_and_broad_letters_more() -> None:
    """A line of Japanese is shortened sooner."""
    assert width_of("e\u0301", 10) == width_of("e", 10)
    assert width_of("名", 10) > width_of("A", 10) > width_of("a", 10) > width_of("i", 10)


def test_a_long_name_breaks_between_constructs_or_else_between_words() -> None:
    """The first line takes as much as fits, the second is shortened if need be."""
    assert wrap("Short", 150, 12) == ["Short"]
    assert wrap("CallAudio/ResourceRights", 120, 12) == ["CallAudio/", "ResourceRights"]
    assert wrap("AWSServiceRoleForMediaTailor", 140, 12) == ["AWSServiceRoleFor", "MediaTailor"]
    assert wrap("x" * 40, 100, 12) == [shorten("x" * 40, 100, 12)]


def test_a_construct_is_called_by_its_path() -> None:
    """The resource in it and a nested stack are called as the construct is."""
    stack = sample().stacks["LiveShowHotline"]
    assert {short_name(stack, each) for each in stack.resources} >= {
        *("Hotline", "CallAudio", "CallAudio/ResourceRights")
    }
    parent = nested().stacks["Prod/Parent"]
    assert {short_name(parent, each) for each in parent.resources} == {
        *("Before", "After", "Child", "Sibling")
    }


def test_what_a_resource_is_to_a_role_is_said_in_words() -> None:
    """By the role's name, the feature and its owner."""
    words = {
        short_name(stack, each): marks_in_words(stack, each)
        for stack in sample().stacks.values()
        for each in stack.resources
    }

    assert words["AWSServiceRoleForMediaTailor"] == [
        "Role: AWSServiceRoleForMediaTailor; it is deleted with the stack if nobody else needs it."
    ]
    assert words["CallAudio"] == [
        "Feature: media streaming of Hotline needs the role until it is off."
    ]
    assert words["Hotline"] == ["Owner: media streaming is switched on for it."]
    assert words["AdDecisions/Release"] == [
        "Release: switches session logging off before Ads is deleted."
    ]
    assert words["Ads"] == [
        "Feature: session logging needs the role until it is off.",
        "Owner: session logging is switched on for it.",
    ]


def test_an_owner_of_two_features_has_both() -> None:
    """And a release without an owner in the template says when it works."""
    release = {"Type": "Custom::MediaTailorSessionLoggingRelease"}
    (stack,) = App([StackTemplate("S", {"Resources": {"R": release}})]).stacks.values()
    assert marks_in_words(stack, "R") == [
        "Release: switches session logging off when it is deleted."
    ]

    playback = {
        "Ads": {"Type": "AWS::MediaTailor::PlaybackConfiguration", "Properties": {"Name": "a"}},
        "Logs": {
            "Type": "Custom::MediaTailorSessionLogging",
            "Properties": {"PlaybackConfigurationName": {"Ref": "Ads"}},
        },
    }
    (stack,) = App([StackTemplate("S", {"Resources": playback})]).stacks.values()
    assert marks_in_words(stack, "Ads") == ["Owner: session logging is switched on for it."]


def test_there_are_words_for_every_mark() -> None:
    """One sentence for each."""
    for app in (every_feature(), hostile()):
        for stack in app.stacks.values():
            for each in stack.resources:
                assert len(marks_in_words(stack, each)) == len(stack.marks.get(each, ()))
