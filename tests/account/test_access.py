"""Access to an account: credentials, roles, regions and clients, and no secret in any output."""

from __future__ import annotations

import sys
import threading
import traceback
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from slr_constructs import catalogue
from slr_constructs.account.access import (
    CALL_ERRORS,
    Account,
    AccountError,
    disabled_regions,
    reason,
    sign_in,
)
from slr_constructs.account.usages import KINDS
from tests.account.conftest import ACCOUNT
from tests.fake_services.wire import Call, Refused
from tests.handler.account import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fake_services.wire import Response
    from tests.fake_services.world import World

OTHER = "444455556666"
ROLE = f"arn:aws:iam::{OTHER}:role/audit"
#: of no account: they look like those of AWS, so that a test finds them wherever they are printed.
KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG", "IQoJb3JpZ2luX2VjEXAMPLE"


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write the AWS configuration."""

    def write(text: str) -> None:
        path = tmp_path / "config"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))

    return write


def _profile(name: str, region: str = "eu-west-1", key: str = OTHER) -> str:
    return (
        f"[profile {name}]\nregion = {region}\n"
        f"aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n"
    )


def _session(region: str | None = None) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=ACCOUNT, aws_secret_access_key=SECRET, region_name=region
    )


def _sentence(error: AccountError) -> str:
    """Return the text of an error, which must be one line without credentials."""
    printed = "".join(traceback.format_exception(error))
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in printed
    text = str(error)
    assert "\n" not in text
    return text


# credentials


@pytest.mark.usefixtures("world")
def test_signs_in_with_the_environment() -> None:
    """No option is needed."""
    account = sign_in()

    assert (account.id, account.partition, account.name) == (ACCOUNT, "aws", "")
    assert account.home_region == "us-east-1"


def test_signs_in_with_a_profile(
    world: World, configured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named profile takes precedence over the environment, and sets the region."""
    world.account(OTHER)
    configured(_profile("blue"))
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    account = sign_in(profile="blue")

    assert (account.id, account.home_region) == (OTHER, "eu-west-1")


def test_signs_in_with_the_profile_of_the_environment(
    world: World, configured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As boto3 finds credentials."""
    world.account(OTHER)
    configured(_profile("blue"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_PROFILE", "blue")

    assert sign_in().id == OTHER


@pytest.mark.usefixtures("world")
def test_signs_in_without_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Global services are called in the first region."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert sign_in().home_region == "us-east-1"


@pytest.mark.usefixtures("world")
def test_needs_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, the error says so."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(AccountError, match="Unable to locate credentials") as caught:
        sign_in()

    _sentence(caught.value)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("named", [True, False])
def test_needs_an_existing_profile(monkeypatch: pytest.MonkeyPatch, *, named: bool) -> None:
    """The error names a profile that does not exist."""
    if not named:
        monkeypatch.setenv("AWS_PROFILE", "blue")

    with pytest.raises(AccountError, match=r"blue.*could not be found") as caught:
        sign_in(profile="blue" if named else None)

    _sentence(caught.value)


@pytest.mark.usefixtures("world")
def test_an_invalid_region_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region with a blank gives one sentence, too."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us east 1")

    with pytest.raises(AccountError, match="us east 1") as caught:
        sign_in()

    _sentence(caught.value)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("process", "said"),
    [
        pytest.param("no-such-program", "No such file", id="missing"),
        pytest.param("-c 'import sys; sys.exit(\"log in\\nfirst\")'", "log in first", id="fails"),
        pytest.param(f"-c 'print(\"{SECRET}\")'", "Expecting value", id="garbled"),
    ],
)
def test_needs_a_working_credential_process(
    process: str, said: str, configured: Callable[[str], None]
) -> None:
    """If the credential process of a profile fails, the error is an AccountError."""
    program = f"{sys.executable} {process}" if process.startswith("-c") else process
    configured(f"[profile blue]\ncredential_process = {program}\n")

    with pytest.raises(AccountError, match=said) as caught:
        sign_in(profile="blue")

    _sentence(caught.value)


def _refuse(error: Exception) -> Callable[[Call], None]:
    def answer(_call: Call) -> None:
        raise error

    return answer


#: what a service may quote after the first line.
_CANONICAL = f"\n\nThe Canonical String should have been\n'GET\nx-amz-security-token:{TOKEN}\n'"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            Refused("ExpiredToken", "The security token included in the request is expired", 403),
            "the credentials have expired (ExpiredToken: The security token included in the request"
            " is expired). Sign in again",
            id="expired",
        ),
        pytest.param(
            Refused("SignatureDoesNotMatch", f"The signature does not match.{_CANONICAL}", 403),
            "SignatureDoesNotMatch: The signature does not match.",
            id="quoting-the-request",
        ),
        pytest.param(
            HTTPClientError(error=ValueError(f"Invalid header value b'{TOKEN}\\n'")),
            "the HTTP client failed: ValueError",
            id="quoting-a-header",
        ),
        pytest.param(
            EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/"),
            'Could not connect to the endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
            id="offline",
        ),
    ],
)
def test_an_error_says_why_the_sign_in_failed(
    error: Exception, said: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one line, without credentials."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    world.on_call = _refuse(error)

    with pytest.raises(AccountError) as caught:
        sign_in()

    assert _sentence(caught.value) == f"cannot sign in to AWS: {said}"


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that needs another password."""

    def do_CONNECT(self) -> None:
        """Refuse to connect."""
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("listens", [True, False], ids=["refuses", "closed"])
def test_an_error_says_why_a_proxy_failed(
    monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    """Without the password of the proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    port = server.server_port
    if listens:
        threading.Thread(target=server.serve_forever).start()
    else:
        server.server_close()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:sesame@127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(AccountError) as caught:
        sign_in()
    if listens:
        server.shutdown()
        server.server_close()
    why = "Tunnel connection failed: 407 Proxy Authentication Required"
    assert _sentence(caught.value) == (
        "cannot sign in to AWS: Failed to connect to proxy URL:"
        f' "http://***:***@127.0.0.1:{port}": {why if listens else "Connection refused"}'
    )


@pytest.mark.usefixtures("world")
def test_an_error_says_that_aws_does_not_know_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is not repeated."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)

    with pytest.raises(AccountError, match="InvalidClientTokenId: The security token") as caught:
        sign_in()

    _sentence(caught.value)


@pytest.mark.parametrize("status", [200, 403])
def test_the_page_of_a_proxy_is_not_a_response(
    status: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may respond instead of AWS."""
    page = (status, {"content-type": "text/html"}, b"<html><p>Blocked<br></html>")
    monkeypatch.setattr(world, "respond", lambda *_request: page)

    with pytest.raises(
        AccountError, match="the response is not from AWS: it has no request id"
    ) as caught:
        sign_in()

    _sentence(caught.value)


def test_a_response_without_a_needed_member_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the member. It is not a KeyError."""
    world.account(OTHER).assumable.add("audit")
    respond = world.respond

    def without(*request: Any) -> Response:  # noqa: ANN401 - as botocore passes them
        status, headers, body = respond(*request)
        return status, headers, body.replace(b"Credentials>", b"Other>")

    monkeypatch.setattr(world, "respond", without)

    with pytest.raises(AccountError) as caught:
        sign_in(role_arn=ROLE)

    assert _sentence(caught.value) == (
        f"{ROLE} cannot be assumed: the response has no member Credentials"
    )


def test_a_member_of_another_type_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the member, not its value."""
    api = sign_in().region().api("mediatailor")
    headers = {"content-type": "application/json", "x-amzn-requestid": "1"}
    body = b'{"Items": [{"Name": {"a": "secret"}}]}'
    monkeypatch.setattr(world, "respond", lambda *_: (200, headers, body))

    with pytest.raises(CALL_ERRORS) as caught:
        api.call("list_playback_configurations")

    assert reason(caught.value) == "the response cannot be read: Name is not a string"


def test_the_reason_of_a_service_without_error_codes() -> None:
    """MediaTailor sends no codes."""
    assert reason(refusal("ListChannels", "", 403, "no")) == "no error code: no"


def test_the_repr_of_an_account_has_no_credentials(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    """Nor has the repr of a region."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    account = sign_in()

    printed = f"{account!r} {account.region()!r} {vars(account)}"

    assert world.calls
    assert SECRET not in printed
    assert TOKEN not in printed


# roles


def test_assumes_a_role(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is that of the role, and the region is that of the caller."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    world.account(OTHER).assumable.add("audit")
    world.account(OTHER).add_role(catalogue.MEDIATAILOR)

    account = sign_in(role_arn=ROLE)

    assert (account.id, account.partition, account.home_region) == (OTHER, "aws", "ap-south-1")
    assert {call.region for call in world.calls} == {"ap-south-1"}
    name = catalogue.MEDIATAILOR.role_name
    assert account.region().api("iam").call("get_role", RoleName=name)["Role"]["RoleName"] == name


def test_the_credentials_of_a_role_are_renewed_before_they_expire(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the credentials of the caller, and not before."""
    world.account(OTHER).assumable.add("audit")
    with monkeypatch.context() as soon:
        # botocore renews credentials that expire within ten minutes
        soon.setattr("tests.fake_services.world._HOUR", timedelta(minutes=11))
        account = sign_in(role_arn=ROLE)
        soon.setattr("tests.fake_services.world._HOUR", timedelta(minutes=9))
        sts = account.region().api("sts")
        world.calls.clear()
        sts.call("get_caller_identity")
    assert [(call.account, call.operation) for call in world.calls] == [
        (ACCOUNT, "AssumeRole"),
        (OTHER, "GetCallerIdentity"),
    ]
    sts.call("get_caller_identity")
    sts.call("get_caller_identity")
    assert [call.operation for call in world.calls].count("AssumeRole") == 2


def test_an_error_says_that_credentials_cannot_be_renewed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call fails with the error of STS."""
    world.account(OTHER).assumable.add("audit")
    monkeypatch.setattr("tests.fake_services.world._HOUR", timedelta(minutes=9))
    with pytest.MonkeyPatch.context() as first:
        first.setattr(
            "botocore.credentials.RefreshableCredentials.refresh_needed", lambda *_: False
        )
        account = sign_in(role_arn=ROLE)
    world.account(OTHER).assumable.clear()

    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        account.region().api("ivs").call("list_channels")


def test_the_partition_is_that_of_the_caller(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """China and GovCloud have their own ARNs and regions."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-northwest-1")
    monkeypatch.setattr(world, "_caller", lambda *_: f"arn:aws-cn:iam::{ACCOUNT}:user/operator")

    account = sign_in()

    assert (account.partition, account.home_region) == ("aws-cn", "cn-northwest-1")


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        pytest.param(ROLE, "is not authorized to perform: sts:AssumeRole", id="denied"),
        pytest.param("audit", "Parameter validation failed", id="no-arn"),
    ],
)
def test_an_error_says_that_a_role_cannot_be_assumed(arn: str, said: str, world: World) -> None:
    """The error names the role."""
    world.account(OTHER)

    with pytest.raises(AccountError, match=said) as caught:
        sign_in(role_arn=arn)

    assert _sentence(caught.value).startswith(f"{arn} cannot be assumed: ")


# the organization


def test_lists_the_active_accounts_of_the_organization(world: World) -> None:
    """All pages with the names, without accounts that are closed or leaving."""
    numbers = range(44)
    for number in numbers:
        world.account(f"44445555{number:04}", f"team {number}")
    world.account("444455550003").status = "SUSPENDED"
    world.account("444455550041").status = "PENDING_CLOSURE"
    world.account(OTHER, organization=False)

    listed = [*sign_in().organization_accounts()]

    assert listed == [
        (ACCOUNT, ACCOUNT),
        *((f"44445555{each:04}", f"team {each}") for each in numbers if each not in {3, 41}),
    ]
    assert [call.operation for call in world.calls].count("ListAccounts") == 3


@pytest.mark.parametrize(
    ("said", "listed"),
    [
        ({"State": "ACTIVE"}, [OTHER]),
        ({"State": "ACTIVE", "Status": "ACTIVE"}, [OTHER]),
        ({"State": "CLOSED"}, []),
        ({}, []),
    ],
    ids=["state", "state-and-status", "closed", "neither"],
)
def test_reads_the_state_that_replaces_the_status(
    said: dict[str, str], listed: list[str], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS replaces one member by the other."""
    answer = {"Accounts": [{"Id": OTHER, **said}]}
    known = {("organizations", "ListAccounts"): lambda *_: answer}
    monkeypatch.setattr(world, "_operations", known)

    assert [*sign_in().organization_accounts()] == [(each, "") for each in listed]


@pytest.mark.parametrize(
    ("denied", "code"),
    [
        (False, "AWSOrganizationsNotInUseException: Your account is not a member"),
        (True, "AccessDeniedException: User: "),
    ],
)
def test_an_error_says_that_the_organization_cannot_be_listed(
    code: str, world: World, waits: list[float], *, denied: bool
) -> None:
    """Immediately: the permissions are not new, so a denied call is not retried."""
    world.account(ACCOUNT).organization = denied
    world.account(ACCOUNT).denied |= {"organizations:ListAccounts"} if denied else set()

    with pytest.raises(AccountError) as caught:
        [*sign_in().organization_accounts()]

    assert _sentence(caught.value).startswith(
        f"the accounts of the organization cannot be listed: {code}"
    )
    assert not waits


# regions


def test_lists_the_disabled_regions(world: World) -> None:
    """All pages."""
    off = {"af-south-1", "ap-east-1", "eu-south-1", "me-south-1", "il-central-1"}
    world.account(ACCOUNT).disabled_regions |= off
    world.page_size = 2

    assert sorted(disabled_regions(sign_in())) == sorted(off)
    assert [call.operation for call in world.calls].count("ListRegions") == 3


def test_lists_only_the_disabled_regions(world: World) -> None:
    """Enabled regions are not requested."""
    assert disabled_regions(sign_in()) == []
    assert len(world.calls) == 2


@pytest.mark.parametrize(
    ("partition", "region", "home"),
    [
        ("aws", None, "us-east-1"),
        ("aws", "eu-west-1", "eu-west-1"),
        # a region of another partition
        ("aws", "cn-north-1", "us-east-1"),
        ("aws-cn", None, "cn-north-1"),
        ("aws-cn", "cn-northwest-1", "cn-northwest-1"),
        ("aws-cn", "us-east-1", "cn-north-1"),
        ("aws-us-gov", None, "us-gov-east-1"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1"),
        # a partition that botocore does not know
        ("aws-moon", None, "us-east-1"),
        ("aws-moon", "moon-north-1", "moon-north-1"),
    ],
)
def test_the_home_region_is_in_the_partition(
    partition: str, region: str | None, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the region of the session if that region is in the partition."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    account = Account(_session(region), id=ACCOUNT, partition=partition)

    assert (account.home_region, account.region().name) == (home, home)
    assert account.region("elsewhere-1").name == "elsewhere-1"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_regions_of_a_service_are_those_of_botocore(partition: str) -> None:
    """No others."""
    session = _session()
    account = Account(session, id=ACCOUNT, partition=partition)
    services = {kind.service for kind in KINDS.values()}

    assert {service: account.regions(service) for service in services} == {
        service: sorted(session.get_available_regions(service, partition)) for service in services
    }


# clients


class _Slow:
    """A session that returns a client only after other threads had the time to request theirs."""

    def __init__(self) -> None:
        self.created: list[tuple[str, str]] = []
        self.inside = 0
        self.most = 0

    def client(self, service: str, *, region_name: str, config: object) -> object:
        assert config is not None
        self.inside += 1
        self.most = max(self.most, self.inside)
        threading.Event().wait(0.002)
        self.created.append((service, region_name))
        self.inside -= 1
        return mock.Mock()


def test_each_client_is_created_once_and_one_at_a_time() -> None:
    """Many threads request clients, and boto3 sessions are not thread-safe."""
    session: Any = _Slow()
    account = Account(session, id=ACCOUNT, partition="aws")
    wanted = [("ivs", "us-east-1"), ("ivs", "us-west-2"), ("iam", "us-east-1")]
    got: list[tuple[tuple[str, str], object]] = []
    together = threading.Barrier(12)

    def ask(place: tuple[str, str]) -> None:
        together.wait(10)
        got.append((place, account.client(*place)))

    threads = [threading.Thread(target=ask, args=[wanted[each % 3]]) for each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(session.created) == sorted(wanted)
    assert session.most == 1
    assert len(got) == 12
    assert len(set(got)) == 3


def test_clients_have_a_user_agent_and_timeouts() -> None:
    """A call without a response ends, and is retried once."""
    config = Account(_session(), id=ACCOUNT, partition="aws").client("ivs", "us-east-1").meta.config

    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert config.user_agent_extra.startswith("slr-constructs/")


def test_retries_are_reported_to_on_event(world: World, waits: list[float]) -> None:
    """Nothing is printed."""
    busy = iter([True, True])

    def on_call(call: Call) -> None:
        if call.service == "ivs" and next(busy, False):
            raise Refused("ThrottlingException", "slow down", 429)

    world.on_call = on_call
    events: list[tuple[str, dict[str, object]]] = []
    account = sign_in()

    account.region("us-east-1", lambda event, **more: events.append((event, more))).api("ivs").call(
        "list_channels"
    )
    account.region().api("sts").call("get_caller_identity")

    assert [event for event, _ in events] == ["retry", "call"]
    assert events[0][1]["code"] == "ThrottlingException"
    # the pause of one second has a random length
    assert events[0][1]["seconds"] in waits


def test_a_denied_call_is_not_retried(world: World, waits: list[float]) -> None:
    """The permissions are not new."""
    world.account(ACCOUNT).denied.add("ivs:ListChannels")
    api = sign_in().region().api("ivs")

    with pytest.raises(CALL_ERRORS) as caught:
        api.call("list_channels")

    assert isinstance(caught.value, ClientError)
    assert not waits
