"""What the demo prints: events as lines, and tables of roles and features."""

from __future__ import annotations

import re
from typing import Any

import pytest

from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.emulated.history import FeatureRecord, History, RoleRecord
from tests.emulated.journal import Entry
from tests.emulated.timeline import (
    features_table,
    left_in_words,
    roles_table,
    table,
    timeline,
    wrapped,
)

ROLE = "AWSServiceRoleForMediaPackage"
ROLE_ID = f"{ROLE}26926117"
ROLE_TYPE = "Custom::ServiceLinkedRole"
OWNER_TYPE = "AWS::MediaPackage::PackagingGroup"
CREATED, ADOPTED = f"{ROLE} is created", f"{ROLE} exists and is adopted"
DELETED = f"{ROLE} is deleted"
KEPT = (
    f"{ROLE} is kept: these stacks have a lease on it:"
    " arn:aws:cloudformation:us-east-1:111122223333:stack/CatchUp/0a1b"
)


def _template(name: str) -> StackTemplate:
    path = {"aws:cdk:path": f"{name}/Shows"}
    logs = {"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/Viewers"}}
    return StackTemplate(
        name,
        {
            "Resources": {
                ROLE_ID: {"Type": ROLE_TYPE, "Properties": {"RoleName": ROLE}},
                "Shows": {
                    "Type": OWNER_TYPE,
                    "Properties": {"Id": "s", **logs},
                    "DependsOn": ROLE_ID,
                    "Metadata": path,
                },
                "NeverReady": {"Type": "AWS::CloudFormation::WaitCondition"},
            }
        },
    )


@pytest.fixture
def history() -> History:
    """Return the history of an account with two stacks that share a role."""
    return History(App([_template("Broadcast"), _template("CatchUp")]))


def _entry(what: str, time: float, stack: str, action: str, **details: Any) -> Entry:  # noqa: ANN401 - as in Entry
    logical_id, type_ = details.pop("logical_id", ROLE_ID), details.pop("type", ROLE_TYPE)
    return Entry(what, time, "1", "us-east-1", stack, logical_id, type_, action, details)


def _call(time: float, stack: str, action: str, status: int = 200) -> Entry:
    return _entry("call", time, stack, action, status=status, parameters={"RoleName": ROLE})


def _response(time: float, stack: str, action: str, reason: str, status: str = "SUCCESS") -> Entry:
    return _entry("response", time, stack, action, status=status, reason=reason, seconds=15.0)


def _role(time: float, action: str) -> Entry:
    return Entry("role", time, "1", "", "", "", ROLE, action)


def _create(time: float, stack: str) -> list[Entry]:
    """Return the entries of a stack that creates the role."""
    return [
        _entry("event", time, stack, "Create"),
        _role(time, "created"),
        _call(time, stack, "iam:CreateServiceLinkedRole"),
        _response(time + 15, stack, "Create", CREATED),
    ]


def _delete(time: float, stack: str, reason: str = DELETED) -> list[Entry]:
    """Return the entries of a stack that deletes the role."""
    return [
        _entry("event", time, stack, "Delete"),
        _call(time, stack, "iam:DeleteServiceLinkedRole"),
        _role(time + 18, "deleted"),
        _response(time + 18, stack, "Delete", reason),
    ]


def _feature(time: float, action: str, stack: str = "", *, on: bool, arn: str = "one") -> Entry:
    full = f"arn:aws:mediapackage-vod:us-east-1:1:packaging-groups/{arn}"
    return _entry("feature", time, stack, action, logical_id="", type=full, on=on, role=ROLE)


def _owner(time: float, stack: str, action: str) -> Entry:
    return _entry("resource", time, stack, action, logical_id="Shows", type=OWNER_TYPE)


def _lines(history: History, entries: list[Entry]) -> list[str]:
    return timeline(history.add(entries), width=120)


def test_a_shared_role_is_shown_as_shared(history: History) -> None:
    """It is created and deleted once; the other stack adopts it, or the first one keeps it."""
    assert _lines(history, _create(100, "Broadcast")) == [
        "Broadcast",
        f"   0:15  role     {ROLE}: created, usable after 15 s",
    ]
    adopted = [_entry("event", 200, "CatchUp", "Create")]
    adopted.append(_response(206, "CatchUp", "Create", ADOPTED))
    assert _lines(history, adopted) == [
        "CatchUp",
        f"   0:06  role     {ROLE}: adopted, shared with Broadcast",
    ]
    assert _lines(history, [_response(300, "Broadcast", "Delete", KEPT)]) == [
        "Broadcast",
        f"   0:00  role     {ROLE}: kept, because CatchUp still has a lease on it",
    ]
    assert _lines(history, _delete(400, "CatchUp")) == [
        "CatchUp",
        f"   0:18  role     {ROLE}: deleted",
    ]
    assert history.roles == [RoleRecord(ROLE, "Broadcast", ["CatchUp"], "CatchUp")]


def test_a_role_is_deleted_by_one_of_two_stacks(history: History) -> None:
    """The lines are correct too if both stacks are deleted at once, and then created again."""
    history.add(_create(0, "Broadcast"))
    history.add([_response(20, "CatchUp", "Create", ADOPTED)])

    lines = _lines(
        history, [*_delete(100, "CatchUp"), _response(120, "Broadcast", "Delete", DELETED)]
    )
    # in the order of the app
    assert lines == [
        "Broadcast",
        f"   0:00  role     {ROLE}: deleted already, by CatchUp",
        "CatchUp",
        f"   0:18  role     {ROLE}: deleted",
    ]

    history.add(_create(200, "Broadcast"))
    assert history.roles == [
        RoleRecord(ROLE, "Broadcast", ["CatchUp"], "CatchUp"),
        RoleRecord(ROLE, "Broadcast"),
    ]


def test_a_role_that_existed_before_is_adopted_and_stays(history: History) -> None:
    """The function's words say why it is kept."""
    lines = _lines(history, [_response(0, "CatchUp", "Create", ADOPTED)])
    assert lines[1] == f"   0:00  role     {ROLE}: adopted, it existed before"

    kept = f"{ROLE} is kept: it was not created by slr-constructs"
    lines = _lines(history, [_response(50, "CatchUp", "Delete", kept)])
    assert lines[1] == f"   0:00  role     {ROLE}: is kept: it was not created by slr-constructs"
    lines = _lines(history, [_response(60, "Broadcast", "Create", ADOPTED)])
    assert lines[1] == f"   0:00  role     {ROLE}: adopted, it existed before"
    row = roles_table(history.roles, width=80)[1].split("  ")
    assert [each.strip() for each in row if each.strip()] == [
        *("MediaPackage", "(existed before)", "CatchUp and Broadcast", "(it exists)")
    ]


def test_a_refused_call_creates_nothing(history: History) -> None:
    """The function's words explain its failure."""
    refused = "iam:CreateServiceLinkedRole failed: AccessDenied"
    entries = [
        _call(0, "CatchUp", "iam:CreateServiceLinkedRole", 403),
        _response(1, "CatchUp", "Create", refused, "FAILED"),
    ]
    assert _lines(history, entries)[1:] == [f"   0:01  failed   {ROLE}: {refused}"]
    assert history.roles == []


def test_a_feature_is_enabled_and_disabled_once(history: History) -> None:
    """It has its name and that of its owner; what only stays as it is has no line."""
    created = [
        _feature(10, "create", "CatchUp", on=True),
        _feature(10, "on", "CatchUp", on=True),
        _feature(10, "change", "CatchUp", on=True),
        _owner(10, "CatchUp", "create"),
        _entry("response", 12, "CatchUp", "Create", type="Custom::X", status="SUCCESS", reason="."),
        _owner(13, "CatchUp", "update"),
        _feature(14, "change", on=True),
    ]
    assert _lines(history, created) == [
        "CatchUp",
        "   0:00  owner    Shows: created",
        "   0:00  feature  access logging of Shows: enabled",
    ]
    assert features_table(history.features, width=80)[1].endswith("0:00     (it is enabled)")
    deleted = [
        _entry("event", 90, "CatchUp", "Delete"),
        # the function disables it, so the entry has no stack
        _feature(91, "off", on=False),
        _feature(95, "delete", "CatchUp", on=False),
        _owner(95, "CatchUp", "delete"),
    ]
    assert _lines(history, deleted) == [
        "CatchUp",
        "   0:01  feature  access logging of Shows: disabled",
        "   0:05  owner    Shows: deleted",
    ]
    name = "access logging of Shows"
    assert history.features == [FeatureRecord(name, "CatchUp", 0, 1)]


def test_a_feature_that_stays_enabled_is_not_shown_as_disabled(history: History) -> None:
    """The emulator reports the state, not the function."""
    history.add([_feature(0, "on", "CatchUp", on=True), _owner(0, "CatchUp", "create")])

    assert _lines(history, [_feature(9, "delete", "CatchUp", on=True)]) == []
    assert history.features[0].disabled is None


def test_resources_of_other_accounts_and_tools_have_no_line(history: History) -> None:
    """Nothing names their stack."""
    assert _lines(history, [_feature(0, "on", on=True)]) == []


def test_a_cancelled_create_is_explained(history: History) -> None:
    """The lines show what failed, what was cancelled, and that the rollback deletes the role."""
    entries = [
        _entry("event", 0, "CatchUp", "Create"),
        _role(0, "created"),
        _call(0, "CatchUp", "iam:CreateServiceLinkedRole"),
        _call(1, "CatchUp", "iam:TagRole"),
        _entry(
            "cancelled", 8, "CatchUp", "Create", reason="cancelled", failed="NeverReady", why="W"
        ),
        _entry("event", 10, "CatchUp", "Delete"),
        _entry("ignored", 11, "CatchUp", "Create", reason="CloudFormation no longer waits"),
        *_delete(20, "CatchUp")[1:],
    ]
    assert _lines(history, entries) == [
        "CatchUp",
        f"   0:00  role     {ROLE}: created, but not usable yet",
        "   0:08  failed   NeverReady: W",
        f"   0:08  failed   {ROLE}: cancelled",
        f"   0:10  rollback {ROLE}: CloudFormation requests its deletion",
        f"   0:11  ignored  {ROLE}: the function's response to the cancelled create is too late",
        f"   0:38  role     {ROLE}: deleted",
    ]
    assert history.roles == [RoleRecord(ROLE, "CatchUp", [], "CatchUp")]


def test_lines_break_only_between_words(history: History) -> None:
    """No name and no ARN is broken, however narrow the lines are; other lines fit."""
    arn = "arn:aws:chime:us-east-1:111122223333:app-instance/8e03f8c7-a42c-4c16-9754-9b15e0e9a5a7"
    reason = f"streaming of {arn} is not enabled, because the service refused the call"
    events = history.add([_response(0, "CatchUp", "Create", reason, "FAILED")])

    for width in range(40, 101, 5):
        lines = timeline(events, width=width)
        assert " ".join(" ".join(lines[1:]).split()) == f"0:00 failed {ROLE}: {reason}"
        assert all(len(line) <= width or len(line.split()) == 1 for line in lines[2:])


SAMPLE = [
    RoleRecord(
        "AWSServiceRoleForMediaPackage", "LiveShowBroadcast", ["LiveShowCatchUp"], "LiveShowCatchUp"
    ),
    RoleRecord("AWSServiceRoleForMediaTailor", "LiveShowCommercials", [], "LiveShowCommercials"),
    RoleRecord("AWSServiceRoleForAmazonChimeVoiceConnector", "LiveShowHotline", [], None),
]


def test_the_table_of_roles_fits_80_columns() -> None:
    """A role that several stacks shared names all of them."""
    assert roles_table(SAMPLE, width=80) == [
        "AWSServiceRoleFor…         created by           shared with      deleted by",
        "MediaPackage               LiveShowBroadcast    LiveShowCatchUp  LiveShowCatchUp",
        "MediaTailor                LiveShowCommercials  -                the same stack",
        "AmazonChimeVoiceConnector  LiveShowHotline      -                (it exists)",
    ]


def test_the_table_of_features_has_times() -> None:
    """The times are in minutes and seconds."""
    rows = [FeatureRecord("as-run logging of Intermission", "LiveShowCommercials", 16.2, 61.0)]

    assert features_table(rows, width=80) == [
        "feature                         stack                enabled  disabled",
        "as-run logging of Intermission  LiveShowCommercials  0:16     1:01",
    ]


def test_cells_break_between_words_if_a_table_is_too_wide() -> None:
    """The widest column becomes narrower first; a word stays in one piece."""
    assert table(("a", "b"), [("one two three", "four")], width=13) == [
        "a        b",
        "one two  four",
        "three",
    ]
    assert table(("a",), [("unbreakable",)], width=5) == ["a", "unbreakable"]


def test_what_is_left_is_named() -> None:
    """The sentence depends on the account's resources."""
    assert left_in_words([]) == "nothing. No role, no feature, no owner, no function."
    assert left_in_words(["a", "b"]) == "a and b."


def test_the_output_has_no_colours(history: History) -> None:
    """It is the same on a terminal, in a file, and with NO_COLOR."""
    lines = _lines(history, _create(0, "Broadcast"))
    text = "\n".join([*lines, *roles_table(SAMPLE, width=80), *wrapped("a b", 2)])

    assert re.search(r"\x1b", text) is None
