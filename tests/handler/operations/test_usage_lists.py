"""Usages of a role that IAM may not know: the function lists them before it asks IAM."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.parsers import ResponseParserError

from slr_constructs.handler.slr_handler import aws
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import Context
from slr_constructs.handler.slr_handler.entrypoint import respond
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_TAG,
    DELETION_LOCK_TAG,
)
from tests.handler.events import ACCOUNT, lease_of, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.account import Account
    from tests.handler.clocks import FakeClock

ROLE = "AWSServiceRoleForAmazonChimeVoiceConnector"
SERVICE = "chime-sdk-voice"
PROPERTIES = {
    "RoleName": ROLE,
    "ServicePrincipal": "voiceconnector.chime.amazonaws.com",
    "Creation": "IAM",
    "UsageLists": [f"{SERVICE}:ListSipMediaApplications"],
}
REGIONS = boto3.Session(region_name="us-east-1").get_available_regions(SERVICE)
DENIED = ClientError(
    {
        "Error": {"Code": "AccessDeniedException", "Message": "not here"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    },
    "ListSipMediaApplications",
)
THROTTLED = ClientError(
    {
        "Error": {"Code": "ThrottledClientException", "Message": "slow down"},
        "ResponseMetadata": {"HTTPStatusCode": 429},
    },
    "ListSipMediaApplications",
)
TIMEOUT = ConnectTimeoutError(endpoint_url="https://voice")


@dataclass
class Voice:
    """The SIP media applications of all regions."""

    clock: FakeClock
    applications: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    #: when the errors end.
    allowed_after: float = float("inf")
    #: how long a call takes.
    seconds: float = 0
    listed: list[str] = field(default_factory=list)

    def client(self, region: str | None) -> object:
        """Return the client of a region."""

        def list_sip_media_applications(**parameters: str) -> dict[str, Any]:
            assert region is not None
            self.listed.append(region)
            self.clock.wait(self.seconds)
            if region in self.errors and self.clock.elapsed < self.allowed_after:
                raise self.errors[region]
            if "NextToken" not in parameters:
                # a page may be empty
                return {"SipMediaApplications": [], "NextToken": "2"}
            found = self.applications.get(region, [])
            return {"SipMediaApplications": [{"Name": each} for each in found]}

        meta = SimpleNamespace(partition="aws", region_name="us-east-1")
        return SimpleNamespace(list_sip_media_applications=list_sip_media_applications, meta=meta)


@pytest.fixture
def voice(
    account: Account, clock: FakeClock, use_clients: Callable[[Callable[..., Any]], None]
) -> Voice:
    """Give an account with the role, which slr-constructs created, and no applications."""
    account.add(ROLE, **{CREATED_TAG: "true", lease_of(stack_id()): stack_id()})
    service = Voice(clock)

    def client(name: str, region: str | None = None) -> object:
        return account.iam() if name == "iam" else service.client(region)

    use_clients(client)
    return service


def _delete(clock: FakeClock, removal: str) -> Response:
    wanted = {**PROPERTIES, "Removal": removal}
    delete = request("Delete", "Custom::ServiceLinkedRole", wanted, physical_resource_id=ROLE)
    return respond(delete, clock)


def _asked(account: Account) -> int:
    return account.methods().count("delete_service_linked_role")


def _locks(account: Account) -> list[str]:
    return [tag for tag in account.roles[ROLE].tags if tag.startswith(DELETION_LOCK_TAG)]


@pytest.mark.parametrize("removal", ["WHEN_UNUSED", "REQUIRE"])
def test_the_role_is_deleted_if_every_region_has_an_empty_list(
    voice: Voice, account: Account, clock: FakeClock, removal: str
) -> None:
    """Each region is read once, and all of its pages."""
    response = _delete(clock, removal)

    assert not response.failed
    assert response.reason == f"{ROLE} is deleted"
    assert sorted(voice.listed) == sorted([*REGIONS, *REGIONS])
    assert ROLE not in account.roles


def test_an_unused_role_is_kept_while_an_application_exists(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """Whether IAM would refuse the deletion is not documented, so IAM is not asked."""
    voice.applications = {"eu-west-1": ["menu"], "us-west-2": ["menu", "queue"]}

    response = _delete(clock, "WHEN_UNUSED")

    assert not response.failed
    assert response.reason == (
        f"{ROLE} is kept: it may be used by SipMediaApplications in eu-west-1,"
        " SipMediaApplications in us-west-2"
    )
    assert _asked(account) == 0
    assert _locks(account) == []


def test_a_required_deletion_fails_while_an_application_exists(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """REQUIRE deletes a role only if nothing is known to use it."""
    voice.applications = {"eu-west-1": ["menu"]}

    response = _delete(clock, "REQUIRE")

    assert response.failed
    assert "it may be used by SipMediaApplications in eu-west-1" in response.reason
    assert _asked(account) == 0


def test_an_application_that_was_just_deleted_does_not_keep_the_role(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """A list may contain a deleted application for a while, so the function tries again."""
    voice.applications = {"us-east-1": ["menu"]}

    def before_call(_method: str, _parameters: dict[str, Any]) -> None:
        if clock.elapsed > 20:
            voice.applications = {}

    account.before_call = before_call

    assert _delete(clock, "WHEN_UNUSED").reason == f"{ROLE} is deleted"


@pytest.mark.parametrize(("seconds", "outcome"), [(200, "is deleted"), (400, "is kept")])
def test_a_busy_region_is_waited_for(
    voice: Voice, clock: FakeClock, seconds: int, outcome: str
) -> None:
    """As long as IAM is asked again while the role is in use: about five minutes."""
    voice.errors = {"eu-west-2": THROTTLED}
    voice.allowed_after = seconds

    assert f"{ROLE} {outcome}" in _delete(clock, "WHEN_UNUSED").reason


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (DENIED, "AccessDeniedException"),
        (TIMEOUT, "ConnectTimeoutError"),
        (ResponseParserError("<html>"), "ResponseParserError"),
    ],
    ids=["denied", "no answer", "a page of a proxy"],
)
def test_an_unused_role_is_kept_if_a_region_cannot_be_read(
    voice: Voice, account: Account, clock: FakeClock, error: Exception, cause: str
) -> None:
    """The reason names the regions. Only they are tried again, for less than a minute."""
    voice.errors = {"eu-west-2": error, "us-west-2": error}

    response = _delete(clock, "WHEN_UNUSED")

    assert not response.failed
    assert response.reason == (
        f"{ROLE} is kept: it may be in use, because these calls failed:"
        f" ListSipMediaApplications in eu-west-2 ({cause}),"
        f" ListSipMediaApplications in us-west-2 ({cause})"
    )
    assert voice.listed.count("eu-west-2") > 1
    assert voice.listed.count("eu-west-1") == 2
    assert clock.elapsed < 60
    assert _asked(account) == 0
    assert _locks(account) == []


def test_a_permission_that_is_new_in_a_region_does_not_keep_the_role(
    voice: Voice, clock: FakeClock, account: Account
) -> None:
    """A stack that is rolled back got its permissions a few seconds ago."""
    voice.errors = {"eu-west-2": DENIED}
    voice.allowed_after = 20

    assert _delete(clock, "WHEN_UNUSED").reason == f"{ROLE} is deleted"
    assert ROLE not in account.roles


def test_a_region_is_waited_for_only_once(voice: Voice, clock: FakeClock, account: Account) -> None:
    """Later attempts of the same deletion do not wait for it again."""
    voice.errors = {"eu-west-2": DENIED}
    account.roles[ROLE].used = {("us-east-1", "arn:aws:chime:us-east-1:123456789012:vc/a")}

    response = _delete(clock, "REQUIRE")

    assert response.failed
    assert _asked(account) > 10


def test_a_required_deletion_asks_iam_if_a_region_cannot_be_read(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """You asked for the deletion, and nothing is known to use the role."""
    voice.errors = {"eu-west-2": DENIED}

    assert _delete(clock, "REQUIRE").reason == f"{ROLE} is deleted"
    assert _asked(account) == 1


def test_the_deletion_lock_stays_fresh_while_slow_regions_are_read(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """Another stack ignores a lock that is older than five minutes."""
    voice.seconds = 30
    ages: list[int] = []

    def before_call(_method: str, _parameters: dict[str, Any]) -> None:
        tags = account.roles[ROLE].tags if ROLE in account.roles else {}
        since = [each for tag, each in tags.items() if tag.startswith(DELETION_LOCK_TAG)]
        ages.extend(clock.now() - int(each) for each in since)

    account.before_call = before_call
    response = _delete(clock, "WHEN_UNUSED")

    assert response.reason == f"{ROLE} is deleted"
    assert clock.elapsed > 300
    assert max(ages) < 200


def test_nothing_is_listed_before_the_role_could_be_deleted(
    voice: Voice, account: Account, clock: FakeClock
) -> None:
    """A lease of another stack decides without any call to the service."""
    other = stack_id("Other")
    account.roles[ROLE].tags[lease_of(other)] = other

    assert "these stacks have a lease on it" in _delete(clock, "WHEN_UNUSED").reason
    assert voice.listed == []


def test_the_own_region_is_read_if_boto3_knows_no_region_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The boto3 of a Lambda runtime may be older than the service."""
    monkeypatch.setattr(boto3.Session, "get_available_regions", lambda *_: [])

    assert aws.regions("ivs") == ["us-east-1"]


def test_a_region_has_a_client_of_its_own() -> None:
    """The permissions of the function are not new in other regions."""
    context = Context(Clock(60), account=ACCOUNT)

    assert context.api(SERVICE, "eu-west-1") is context.api(SERVICE, "eu-west-1")
    assert context.api(SERVICE, "eu-west-1") is not context.api(SERVICE)
    assert aws.client(SERVICE, "eu-west-1").meta.region_name == "eu-west-1"
