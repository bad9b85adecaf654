"""Calls to AWS: which errors are retried, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from slr_constructs.handler.slr_handler import aws
from slr_constructs.handler.slr_handler.aws import Api
from tests.handler.account import refusal
from tests.handler.clocks import FakeClock
from tests.handler.stubbed import TRIES_WHEN_BUSY, TRIES_WHEN_DENIED, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tests.handler.stubbed import StubbedAws

GROUP = "MediaTailor/A"
CREATE = Call(service="logs", method="create_log_group", params={"logGroupName": GROUP})
DESCRIBE = Call(service="logs", method="describe_log_groups", params={})


@pytest.fixture
def _fresh_clients() -> Iterator[None]:
    aws.client.cache_clear()
    yield
    aws.client.cache_clear()


@pytest.mark.usefixtures("_fresh_clients")
def test_creates_each_client_once() -> None:
    """Lambda reuses the client between runs."""
    assert aws.client("logs") is aws.client("logs")
    assert aws.client("logs") is not aws.client("iam")


@pytest.mark.usefixtures("_fresh_clients")
def test_clients_time_out_early_enough_for_a_response() -> None:
    """Botocore aborts a call that hangs. It does not retry it without a question."""
    config = aws.client("logs").meta.config

    assert (config.connect_timeout, config.read_timeout) == (3, 15)
    assert config.retries["total_max_attempts"] == 1


def test_a_delete_waits_longer_than_two_questions_and_a_call() -> None:
    """And until others read the change. Half a minute is still short for a rollback."""
    questions, calls = (
        config.connect_timeout + config.read_timeout
        for config in (aws.client(name).meta.config for name in ("cloudformation", "iam"))
    )

    assert 2 * questions + calls + 5 < aws.SETTLED_SECONDS <= 40


@pytest.mark.parametrize(
    ("code", "status", "not_found", "denied"),
    [
        ("NotFoundException", 404, True, False),
        ("ResourceNotFoundException", 400, True, False),
        ("NoSuchEntity", 404, True, False),
        ("", 404, True, False),
        ("AccessDenied", 403, False, True),
        ("AccessDeniedException", 400, False, True),
        ("ForbiddenException", 403, False, True),
        ("UnauthorizedClientException", 401, False, True),
        ("ValidationException", 400, False, False),
    ],
)
def test_classifies_errors(code: str, status: int, *, not_found: bool, denied: bool) -> None:
    """Services have several codes for both kinds, and MediaTailor has none."""
    error = refusal("Do", code, status, "AWS says no")

    assert aws.code(error) == code
    assert aws.message(error) == "AWS says no"
    assert (aws.is_not_found(error), aws.is_denied(error)) == (not_found, denied)


def test_reads_an_error_without_details() -> None:
    """The response of a proxy may not have a body."""
    error = ClientError({}, "Do")

    assert (aws.code(error), aws.message(error), aws.is_not_found(error)) == ("", "", False)


def test_returns_the_response_of_the_service(stubs: StubbedAws, clock: FakeClock) -> None:
    """A successful call does not wait."""
    stubs.expect([Call(service="logs", method="describe_log_groups", params={}, response={})])

    assert "logGroups" not in Api(aws.client("logs"), clock).call("describe_log_groups")
    assert clock.elapsed == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 400),
        ("ThrottlingException", 400),
        ("ThrottledClientException", 429),
        ("TooManyRequestsException", 429),
        ("ConcurrentModification", 409),
        ("InternalServerError", 500),
        ("ServiceFailureException", 500),
        ("ServiceUnavailableException", 503),
        ("Unknown", 599),
    ],
)
def test_retries_a_busy_service_for_two_minutes(
    code: str, status: int, stubs: StubbedAws, clock: FakeClock
) -> None:
    """The pauses double up to ten seconds."""
    stubs.expect([*CREATE.refuse(code, status, times=TRIES_WHEN_BUSY - 1), CREATE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits[:6] == [1, 2, 4, 8, 10, 10]
    assert 100 < clock.elapsed <= 120


def test_clients_that_are_throttled_together_do_not_retry_together(
    stubs: StubbedAws, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pause is varied, and the log has the length that it really has."""
    monkeypatch.setattr(clock, "vary", lambda seconds: seconds * 1.25)
    stubs.expect([*CREATE.refuse("Throttling", 400, times=3), CREATE])
    events: list[float] = []

    def record(event: str, **details: Any) -> None:  # noqa: ANN401 - of any event
        if event == "retry":
            events.append(details["seconds"])

    Api(aws.client("logs"), clock, on_event=record).call("create_log_group", logGroupName=GROUP)

    assert clock.waits == events == [1.25, 2.5, 5]


class _Unreachable:
    """A client whose service does not respond for some attempts."""

    def __init__(self, error: Exception, times: int) -> None:
        self._left = [error] * times

    def create_log_group(self, **_params: str) -> dict[str, Any]:
        if self._left:
            raise self._left.pop()
        return {}


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://logs"),
        ConnectTimeoutError(endpoint_url="https://logs"),
        EndpointConnectionError(endpoint_url="https://logs"),
        ConnectionClosedError(endpoint_url="https://logs"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_retries_a_service_that_does_not_respond(error: Exception, clock: FakeClock) -> None:
    """For two minutes, as a busy one. The call may have changed the resource."""
    api = Api(_Unreachable(error, TRIES_WHEN_BUSY - 1), clock)
    api.call("create_log_group", logGroupName=GROUP)
    assert 100 < clock.elapsed <= 120

    unreachable = Api(_Unreachable(error, TRIES_WHEN_BUSY), FakeClock())
    with pytest.raises(type(error)):
        unreachable.call("create_log_group", logGroupName=GROUP)
    assert unreachable.changed
    assert aws.error_text(error) == f": {type(error).__name__}: {error}"


def test_asks_before_each_attempt_of_a_change(stubs: StubbedAws, clock: FakeClock) -> None:
    """And before no other call."""
    asked: list[int] = []
    stubs.expect([*CREATE.refuse("ThrottlingException", 400, times=2), CREATE])
    stubs.expect([Call(service="logs", method="describe_log_groups", params={}, response={})])
    api = Api(aws.client("logs"), clock, before_change=lambda: asked.append(len(clock.waits)))

    api.call("create_log_group", logGroupName=GROUP)
    api.call("describe_log_groups")

    assert asked == [0, 1, 2]


def test_fails_when_a_service_stays_busy(stubs: StubbedAws, clock: FakeClock) -> None:
    """The error is that of the service."""
    stubs.expect(CREATE.refuse("ThrottlingException", 400, times=TRIES_WHEN_BUSY))

    with pytest.raises(ClientError, match="ThrottlingException"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.elapsed <= 120


def test_fails_when_a_retry_leaves_no_time_for_the_response(stubs: StubbedAws) -> None:
    """The error of the service is a better reason than a timeout."""
    clock = FakeClock(5)
    stubs.expect(CREATE.refuse("ThrottlingException", 400, times=3))

    with pytest.raises(ClientError, match="ThrottlingException"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits == [1, 2]


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "ForbiddenException"])
def test_retries_denials_for_new_permissions(
    code: str, stubs: StubbedAws, clock: FakeClock
) -> None:
    """A new policy becomes visible within seconds."""
    stubs.expect([*CREATE.refuse(code, 403, times=3), CREATE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits == [1, 2, 4]


def test_fails_when_a_denial_is_permanent(stubs: StubbedAws, clock: FakeClock) -> None:
    """New permissions are visible within seconds, so a permanent denial is reported soon."""
    stubs.expect(CREATE.refuse("AccessDeniedException", 400, times=TRIES_WHEN_DENIED))

    with pytest.raises(ClientError, match="AccessDenied"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert 30 < clock.elapsed <= 40


def test_retries_denials_once_in_a_run(stubs: StubbedAws, clock: FakeClock) -> None:
    """After forty seconds of denials, the permissions are not new for any call."""
    stubs.expect(
        [
            *CREATE.refuse("AccessDeniedException", 400, times=TRIES_WHEN_DENIED),
            *CREATE.refuse("AccessDeniedException", 400, times=3),
        ]
    )
    api = Api(aws.client("logs"), clock)
    for _ in range(2):
        with pytest.raises(ClientError):
            api.call("create_log_group", logGroupName=GROUP)

    assert clock.elapsed <= 40
    stubs.assert_all_called()


@pytest.mark.parametrize("retry_if", [None, aws.is_denied])
def test_does_not_retry_other_errors(
    retry_if: Callable[[ClientError], bool] | None, stubs: StubbedAws, clock: FakeClock
) -> None:
    """Only specified errors are retried."""
    stubs.expect(CREATE.refuse("ResourceNotFoundException", 404))

    with pytest.raises(ClientError, match="ResourceNotFound"):
        Api(aws.client("logs"), clock).call(
            "create_log_group", retry_if=retry_if, logGroupName=GROUP
        )

    assert clock.elapsed == 0


def test_retries_errors_of_new_resources(stubs: StubbedAws, clock: FakeClock) -> None:
    """A 404 may mean that a new owner is not visible yet."""
    stubs.expect([*CREATE.refuse("ResourceNotFoundException", 404, times=5), CREATE])

    Api(aws.client("logs"), clock).call(
        "create_log_group", retry_if=aws.is_not_found, logGroupName=GROUP
    )

    assert clock.waits == [1, 2, 4, 8, 10]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"logGroupNames": GROUP}, "Unknown parameter in input"),
        ({"logGroupName": 24}, "Invalid type for parameter logGroupName"),
    ],
)
def test_fails_when_a_parameter_does_not_match_the_model(
    parameters: dict[str, Any], words: str, stubs: StubbedAws, clock: FakeClock
) -> None:
    """Botocore validates the parameters before the call, so nothing has changed."""
    stubs.expect([Call(service="logs", method="create_log_group", params=parameters)])
    api = Api(aws.client("logs"), clock)

    with pytest.raises(ParamValidationError, match=words):
        api.call("create_log_group", **parameters)

    assert not api.changed


@pytest.mark.parametrize(
    ("call", "refused", "changed"),
    [
        pytest.param(DESCRIBE, None, False, id="read"),
        pytest.param(CREATE, None, True, id="write"),
        pytest.param(CREATE, ("ValidationException", 400), False, id="refused"),
        pytest.param(CREATE, ("InternalServerError", 500), True, id="failed-half-way"),
    ],
)
def test_tracks_whether_a_call_may_have_changed_a_resource(
    call: Call,
    refused: tuple[str, int] | None,
    stubs: StubbedAws,
    *,
    changed: bool,
) -> None:
    """A client error changes nothing, but a server error may occur after the change."""
    stubs.expect([call] if refused is None else call.refuse(*refused))
    api = Api(aws.client("logs"), FakeClock(0.5))
    try:
        api.call(call.method, **call.params)
    except ClientError:
        assert refused is not None

    assert api.changed is changed


def test_remembers_a_change_after_a_later_error(stubs: StubbedAws, clock: FakeClock) -> None:
    """The change of an earlier call is not forgotten."""
    stubs.expect([CREATE, *CREATE.refuse("ValidationException", 400)])
    api = Api(aws.client("logs"), clock)
    api.call("create_log_group", logGroupName=GROUP)
    with pytest.raises(ClientError):
        api.call("create_log_group", logGroupName=GROUP)

    assert api.changed


def test_logs_each_call_without_its_parameters(
    stubs: StubbedAws, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The log has the calls and the retries."""
    stubs.expect([*CREATE.refuse("Throttling", 400), CREATE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert logged() == [
        {"event": "retry", "operation": "create_log_group", "code": "Throttling", "seconds": 1},
        {"event": "call", "operation": "create_log_group"},
    ]
