"""`Fn::ForEach` in the resources of a template."""

from __future__ import annotations

from typing import Any

import pytest

from slr_constructs.templates.app import App
from slr_constructs.templates.loops import LoopError, expanded
from slr_constructs.templates.reading import StackTemplate, readable_resources

RECORDING = {
    "Type": "AWS::IVS::RecordingConfiguration",
    "DependsOn": "Bucket${Show}",
    "Properties": {"Name": {"Fn::Sub": "${Show}-${AWS::Region}"}, "Tags": [{"Ref": "Show"}]},
}


def test_resources_are_written_once_for_each_value() -> None:
    """The variable is replaced in keys, texts and references."""
    found = expanded(["Show", ["News", 7], {"Rec${Show}": RECORDING}])

    assert list(found) == ["RecNews", "Rec7"]
    assert found["RecNews"] == {
        "Type": "AWS::IVS::RecordingConfiguration",
        "DependsOn": "BucketNews",
        "Properties": {"Name": {"Fn::Sub": "News-${AWS::Region}"}, "Tags": ["News"]},
    }


def test_loops_may_be_nested() -> None:
    """The inner loop sees the variable of the outer one; `&{}` leaves out other characters."""
    inner = {"Fn::ForEach::Inner": ["B", ["1", "2"], {"R&{A}${B}": {"Type": "A::${A}::${B}"}}]}

    assert expanded(["A", ["x", "y"], inner]) == {
        f"R{a}{b}": {"Type": f"A::{a}::{b}"} for a in "xy" for b in "12"
    }


@pytest.mark.parametrize("values", [{"Ref": "Shows"}, [{"Ref": "Show"}], "text"], ids=str)
def test_unknown_values_stand_for_one_value(values: Any) -> None:  # noqa: ANN401 - an intrinsic
    """The resources refer to each other, and other texts stay unknown."""
    resources = {
        "Rec${Show}": RECORDING,
        "Bucket${Show}": {"Type": "AWS::S3::Bucket"},
    }
    template = {"Resources": {"Fn::ForEach::Shows": ["Show", values, resources]}}

    (stack,) = App([StackTemplate("S", template)]).stacks.values()

    assert stack.creation == [["BucketShow"], ["RecShow"]]
    assert stack.resources["RecShow"]["Properties"] == RECORDING["Properties"]
    assert stack.not_analyzed == []


@pytest.mark.parametrize(
    ("loop", "why"),
    [
        ({}, "it must be a list of a variable, its values and its resources"),
        (["A", ["a"]], "it must be a list of a variable, its values and its resources"),
        (
            ["A", ["a"], {"Fn::ForEach::B": 1}],
            "it must be a list of a variable, its values and its resources",
        ),
        (
            ["A", ["a"] * 40, {"Fn::ForEach::B": ["B", ["b"] * 40, {}]}],
            "it has more than 1000 resources",
        ),
    ],
    ids=["mapping", "short", "inner", "large"],
)
def test_fails_when_a_loop_cannot_be_expanded(loop: object, why: str) -> None:
    """The template has a sentence about it."""
    with pytest.raises(LoopError, match=f"^{why}$"):
        expanded(loop)
    assert readable_resources({"Resources": {"Fn::ForEach::A": loop}}) == (
        {},
        [("Fn::ForEach::A", f"the loop cannot be expanded: {why}")],
    )
