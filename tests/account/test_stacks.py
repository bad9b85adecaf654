"""Stacks: whether one is there, which nobody takes for gone who is not told so, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from slr_constructs.account.stacks import StackState, name_of, region_of, stack_of, state_of
from slr_constructs.account.uses.kind import Thing
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.account.specimens import REGION
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from tests.account.specimens import Specimen
    from tests.fake_services.world import World

_NOWHERE = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/0000"


@pytest.mark.parametrize(
    ("stack", "name", "region"),
    [
        (_NOWHERE, "app", REGION),
        ("arn:aws-cn:cloudformation:cn-north-1:1:stack/a/b", "a", "cn-north-1"),
        ("arn:aws:s3:eu-west-1:1:stack/a/b", "a", None),
        ("arn:aws:cloudformation", "arn:aws:cloudformation", None),
        ("app", "app", None),
        ("", "", None),
    ],
)
def test_reads_the_name_and_region_of_a_stack(stack: str, name: str, region: str | None) -> None:
    """In its id; what is no id has no region."""
    assert (name_of(stack), region_of(stack)) == (name, region)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_COMPLETE", StackState.EXISTS),
        ("REVIEW_IN_PROGRESS", StackState.EXISTS),
        ("ROLLBACK_FAILED", StackState.EXISTS),
        ("DELETE_IN_PROGRESS", StackState.EXISTS),
        ("DELETE_FAILED", StackState.EXISTS),
        ("DELETE_COMPLETE", StackState.GONE),
    ],
)
def test_a_stack_is_gone_when_its_deletion_is_complete(
    status: str, state: StackState, world: World
) -> None:
    """And not before."""
    stack = world.account(ACCOUNT).add_stack("app", "eu-west-1", status=status)

    assert state_of(stack, specimens.signed_in()) is state
    assert world.calls[-1].region == "eu-west-1"


@pytest.mark.usefixtures("world")
def test_a_stack_is_gone_when_cloudformation_does_not_know_it() -> None:
    """Some time after its deletion, its id is forgotten, too."""
    assert state_of(_NOWHERE, specimens.signed_in()) is StackState.GONE


def test_a_stack_is_looked_for_by_its_id(world: World) -> None:
    """Another of the same name is another one."""
    account = world.account(ACCOUNT)
    gone = account.add_stack("app", REGION, status="DELETE_COMPLETE")
    account.add_stack("app", REGION)

    assert state_of(gone, specimens.signed_in()) is StackState.GONE


@pytest.mark.parametrize(
    "stack",
    [
        "app",
        "",
        f"arn:aws:s3:{REGION}:{ACCOUNT}:stack/app/0",
        f"arn:aws:cloudformation:{REGION}:444455556666:stack/app/0",
    ],
    ids=["name", "nothing", "other-service", "other-account"],
)
def test_nobody_can_tell_of_what_is_no_stack_of_the_account(stack: str, world: World) -> None:
    """So nobody is asked."""
    assert state_of(stack, specimens.signed_in()) is StackState.UNKNOWN
    assert not world.calls


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Refused("AccessDenied", "you may not", 403), id="denied"),
        # the words of a stack that is gone, in another refusal
        pytest.param(Refused("AccessDenied", "x does not exist", 403), id="denied-in-its-words"),
        pytest.param(Refused("ValidationError", "x is too long"), id="not-valid"),
        pytest.param(Refused("InvalidClientTokenId", "the token is invalid", 403), id="disabled"),
        pytest.param(EndpointConnectionError(endpoint_url="https://x"), id="silent"),
        pytest.param(ResponseParserError("invalid XML received"), id="proxy"),
    ],
)
def test_who_cannot_tell_does_not_say_that_a_stack_is_gone(error: Exception, world: World) -> None:
    """A lease of a stack that is there would be dropped."""
    stack = world.account(ACCOUNT).add_stack("app", REGION)

    def on_call(_call: Call) -> None:
        raise error

    world.on_call = on_call

    assert state_of(stack, specimens.signed_in()) is StackState.UNKNOWN


def test_an_answer_without_a_stack_does_not_say_that_it_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation does not answer so, but others may answer in its place."""
    answer: dict[tuple[str, str], Any]
    answer = {("cloudformation", "DescribeStacks"): lambda *_: {"Stacks": []}}
    monkeypatch.setattr(world, "_operations", answer)

    assert state_of(_NOWHERE, specimens.signed_in()) is StackState.UNKNOWN


def test_a_region_that_is_none_is_not_asked() -> None:
    """What stands in a tag may be anything."""
    stack = f"arn:aws:cloudformation:no where:{ACCOUNT}:stack/app/0"

    assert state_of(stack, specimens.signed_in()) is StackState.UNKNOWN


# whose something is


def _thing(specimen: Specimen, world: World) -> Thing:
    kept = specimen.add(world, 1)
    return Thing(specimen.kind, REGION, kept.id, kept.arn, "thing")


every_specimen = pytest.mark.parametrize(
    "specimen", [pytest.param(each, id=each.name) for each in specimens.ALL]
)


@pytest.mark.parametrize(
    ("specimen", "which"),
    [
        pytest.param(specimen, which, id=f"{specimen.name}-{resource_type}")
        for specimen in specimens.ALL
        for which, resource_type in enumerate(specimen.kind.resource_types)
    ],
)
def test_the_stack_that_has_a_thing_is_found(specimen: Specimen, which: int, world: World) -> None:
    """Or the one that switched its feature on, where the thing itself is of none."""
    specimens.add_roles(world)
    thing = _thing(specimen, world)
    ids = specimen.kind.physical_ids(thing)
    # ours have one id for a feature and for its release
    resource = ("It", specimen.kind.resource_types[which], ids[min(which, 1)])
    other = ("Other", "AWS::S3::Bucket", "bucket")
    stack = world.account(ACCOUNT).add_stack("app", REGION, resources=[other, resource])

    assert stack_of(thing, specimens.signed_in().region(REGION)) == stack


@every_specimen
def test_a_thing_of_a_large_stack_is_found_if_nothing_else_is_called_so(
    specimen: Specimen, world: World
) -> None:
    """CloudFormation shows the first 100 resources, whichever was asked for."""
    specimens.add_roles(world)
    thing = _thing(specimen, world)
    physical_id = specimen.kind.physical_ids(thing)[0]
    others = [(f"Other{number}", "AWS::S3::Bucket", f"bucket-{number}") for number in range(100)]
    resource = ("It", specimen.kind.resource_types[0], physical_id)
    stack = world.account(ACCOUNT).add_stack("app", REGION, resources=[*others, resource])

    found = stack_of(thing, specimens.signed_in().region(REGION))

    # a name may be that of something else in the rest
    assert found == (stack if physical_id == thing.arn else None)


@every_specimen
def test_a_thing_of_no_stack_has_none(specimen: Specimen, world: World) -> None:
    """Neither has one whose stack is gone."""
    specimens.add_roles(world)
    thing = _thing(specimen, world)
    resource = ("It", specimen.kind.resource_types[0], specimen.kind.physical_ids(thing)[0])
    world.account(ACCOUNT).add_stack("old", REGION, status="DELETE_COMPLETE", resources=[resource])

    assert stack_of(thing, specimens.signed_in().region(REGION)) is None


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([("It", "AWS::S3::Bucket", "thing-1")], id="same-name-of-another-type"),
        pytest.param(
            [
                ("It", "AWS::S3::Bucket", "thing-1"),
                ("Other", "AWS::MediaPackage::Channel", "thing-2"),
            ],
            id="and-another-of-the-type",
        ),
    ],
)
def test_what_is_only_called_alike_is_not_the_thing(
    resources: list[tuple[str, str, str]], world: World
) -> None:
    """Physical ids are unique in a type alone."""
    specimens.add_roles(world)
    thing = _thing(specimens.LIVE_CHANNEL, world)
    world.account(ACCOUNT).add_stack("app", REGION, resources=resources)

    assert stack_of(thing, specimens.signed_in().region(REGION)) is None


@pytest.mark.parametrize(
    ("code", "text"), [("AccessDenied", "x does not exist"), ("ValidationError", "x is too long")]
)
def test_whoever_may_not_know_whose_a_thing_is_is_told_so(
    code: str, text: str, world: World
) -> None:
    """It is not taken for a thing of no stack."""
    specimens.add_roles(world)
    thing = _thing(specimens.LIVE_CHANNEL, world)

    def on_call(_call: Call) -> None:
        raise Refused(code, text, 403)

    world.on_call = on_call

    with pytest.raises(ClientError, match=text):
        stack_of(thing, specimens.signed_in().region(REGION))
