"""Stacks: whether one exists, which only CloudFormation can deny, and which resources it owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from slr_constructs.account.iam_role import Lease, with_state
from slr_constructs.account.stacks import StackState, find_stack, name_of, region_of
from slr_constructs.account.usages.kind import TargetResource
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.account.specimens import REGION
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from tests.account.specimens import Specimen
    from tests.fake_services.world import World

_NOWHERE = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/0000"


def _state(stack: str) -> StackState:
    return with_state(Lease("role", "tag", stack), specimens.signed_in()).state


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
    """Both are in its id. Other text has no region."""
    assert (name_of(stack), region_of(stack)) == (name, region)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_COMPLETE", StackState.EXISTS),
        ("REVIEW_IN_PROGRESS", StackState.EXISTS),
        ("ROLLBACK_FAILED", StackState.EXISTS),
        ("DELETE_IN_PROGRESS", StackState.EXISTS),
        ("DELETE_FAILED", StackState.EXISTS),
        ("DELETE_COMPLETE", StackState.DELETED),
    ],
)
def test_a_stack_is_deleted_when_its_deletion_is_complete(
    status: str, state: StackState, world: World
) -> None:
    """Not earlier."""
    stack = world.account(ACCOUNT).add_stack("app", "eu-west-1", status=status)

    assert _state(stack) is state
    assert world.calls[-1].region == "eu-west-1"


@pytest.mark.usefixtures("world")
def test_a_stack_that_cloudformation_does_not_know_is_deleted() -> None:
    """Some time after the deletion, CloudFormation does not know the id any more."""
    assert _state(_NOWHERE) is StackState.DELETED


def test_a_stack_is_read_by_its_id(world: World) -> None:
    """A stack of the same name is another stack."""
    account = world.account(ACCOUNT)
    deleted = account.add_stack("app", REGION, status="DELETE_COMPLETE")
    account.add_stack("app", REGION)

    assert _state(deleted) is StackState.DELETED


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
def test_the_state_of_text_that_is_not_a_stack_of_the_account_is_unknown(
    stack: str, world: World
) -> None:
    """No call is made."""
    assert _state(stack) is StackState.UNKNOWN
    assert not world.calls


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Refused("AccessDenied", "you may not", 403), id="denied"),
        # the text of a deleted stack, in another error
        pytest.param(Refused("AccessDenied", "x does not exist", 403), id="denied-in-its-words"),
        pytest.param(Refused("ValidationError", "x is too long"), id="not-valid"),
        pytest.param(Refused("InvalidClientTokenId", "the token is invalid", 403), id="disabled"),
        pytest.param(EndpointConnectionError(endpoint_url="https://x"), id="silent"),
        pytest.param(ResponseParserError("invalid XML received"), id="proxy"),
    ],
)
def test_a_failed_call_does_not_mean_that_a_stack_is_deleted(
    error: Exception, world: World
) -> None:
    """Otherwise the lease of an existing stack would be released."""
    stack = world.account(ACCOUNT).add_stack("app", REGION)

    def on_call(_call: Call) -> None:
        raise error

    world.on_call = on_call

    assert _state(stack) is StackState.UNKNOWN


def test_a_response_without_a_stack_does_not_mean_that_it_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation does not respond like this, but a proxy may."""
    answer: dict[tuple[str, str], Any]
    answer = {("cloudformation", "DescribeStacks"): lambda *_: {"Stacks": []}}
    monkeypatch.setattr(world, "_operations", answer)

    assert _state(_NOWHERE) is StackState.UNKNOWN


def test_an_invalid_region_is_not_called() -> None:
    """A tag can contain any text."""
    stack = f"arn:aws:cloudformation:no where:{ACCOUNT}:stack/app/0"

    assert _state(stack) is StackState.UNKNOWN


# the stack of a resource


def _thing(specimen: Specimen, world: World) -> TargetResource:
    kept = specimen.add(world, 1)
    return TargetResource(specimen.kind, REGION, kept.id, kept.arn, "thing")


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
def test_the_stack_that_owns_a_resource_is_found(
    specimen: Specimen, which: int, world: World
) -> None:
    """Or the stack that configured its feature, if the resource itself is not in a stack."""
    specimens.add_roles(world)
    target = _thing(specimen, world)
    ids = specimen.kind.physical_ids(target)
    # our custom resources have one id for a feature and for its clean-up
    resource = ("It", specimen.kind.resource_types[which], ids[min(which, 1)])
    other = ("Other", "AWS::S3::Bucket", "bucket")
    stack = world.account(ACCOUNT).add_stack("app", REGION, resources=[other, resource])

    assert find_stack(target, specimens.signed_in().region(REGION)) == stack


@every_specimen
def test_a_resource_of_a_large_stack_is_found_if_its_id_is_unique(
    specimen: Specimen, world: World
) -> None:
    """CloudFormation returns the first 100 resources, even without the requested one."""
    specimens.add_roles(world)
    target = _thing(specimen, world)
    physical_id = specimen.kind.physical_ids(target)[0]
    others = [(f"Other{number}", "AWS::S3::Bucket", f"bucket-{number}") for number in range(100)]
    resource = ("It", specimen.kind.resource_types[0], physical_id)
    stack = world.account(ACCOUNT).add_stack("app", REGION, resources=[*others, resource])

    found = find_stack(target, specimens.signed_in().region(REGION))

    # a name may belong to another resource in the rest
    assert found == (stack if physical_id == target.arn else None)


@every_specimen
def test_a_resource_without_a_stack_has_none(specimen: Specimen, world: World) -> None:
    """Nor has a resource whose stack was deleted."""
    specimens.add_roles(world)
    target = _thing(specimen, world)
    resource = ("It", specimen.kind.resource_types[0], specimen.kind.physical_ids(target)[0])
    world.account(ACCOUNT).add_stack("old", REGION, status="DELETE_COMPLETE", resources=[resource])

    assert find_stack(target, specimens.signed_in().region(REGION)) is None


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
def test_a_resource_with_the_same_id_is_not_the_resource(
    resources: list[tuple[str, str, str]], world: World
) -> None:
    """Physical ids are unique only within a type."""
    specimens.add_roles(world)
    target = _thing(specimens.LIVE_CHANNEL, world)
    world.account(ACCOUNT).add_stack("app", REGION, resources=resources)

    assert find_stack(target, specimens.signed_in().region(REGION)) is None


@pytest.mark.parametrize(
    ("code", "text"), [("AccessDenied", "x does not exist"), ("ValidationError", "x is too long")]
)
def test_a_denied_call_for_the_stack_of_a_resource_raises(
    code: str, text: str, world: World
) -> None:
    """The resource is not treated as one without a stack."""
    specimens.add_roles(world)
    target = _thing(specimens.LIVE_CHANNEL, world)

    def on_call(_call: Call) -> None:
        raise Refused(code, text, 403)

    world.on_call = on_call

    with pytest.raises(ClientError, match=text):
        find_stack(target, specimens.signed_in().region(REGION))
