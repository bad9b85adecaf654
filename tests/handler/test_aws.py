"""The seam to AWS: which refusals pass by themselves, and for how long they are waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ParamValidationError

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
MAKE = Call(service="logs", method="create_log_group", params={"logGroupName": GROUP})
DESCRIBE = Call(service="logs", method="describe_log_groups", params={})


@pytest.fixture
def _fresh_clients() -> Iterator[None]:
    aws.client.cache_clear()
    yield
    aws.client.cache_clear()


@pytest.mark.usefixtures("_fresh_clients")
def test_makes_each_client_once() -> None:
    """Lambda reuses it between runs."""
    assert aws.client("logs") is aws.client("logs")
    assert aws.client("logs") is not aws.client("iam")


@pytest.mark.usefixtures("_fresh_clients")
def test_clients_give_up_a_call_in_time_for_an_answer() -> None:
    """A call that hangs is given up, and tried again, by botocore itself."""
    config = aws.client("logs").meta.config

    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}


@pytest.mark.parametrize(
    ("code", "status", "gone", "denied"),
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
def test_tells_what_an_error_means(code: str, status: int, *, gone: bool, denied: bool) -> None:
    """Services have several codes for each of the two, and MediaTailor has none."""
    error = refusal("Do", code, status, "AWS says no")

    assert aws.code(error) == code
    assert aws.message(error) == "AWS says no"
    assert (aws.gone(error), aws.denied(error)) == (gone, denied)


def test_reads_an_error_that_says_nothing() -> None:
    """What a proxy answers need not have a body."""
    error = ClientError({}, "Do")

    assert (aws.code(error), aws.message(error), aws.gone(error)) == ("", "", False)


def test_answers_what_the_service_answers(stubs: StubbedAws, clock: FakeClock) -> None:
    """A call that works costs no time."""
    stubs.expect([Call(service="logs", method="describe_log_groups", params={}, answer={})])

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
def test_waits_two_minutes_for_a_busy_service(
    code: str, status: int, stubs: StubbedAws, clock: FakeClock
) -> None:
    """The pauses double up to ten seconds."""
    stubs.expect([*MAKE.refuse(code, status, times=TRIES_WHEN_BUSY - 1), MAKE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits[:6] == [1, 2, 4, 8, 10, 10]
    assert 100 < clock.elapsed <= 120


def test_fails_when_a_service_stays_busy(stubs: StubbedAws, clock: FakeClock) -> None:
    """The service's own error is the reason."""
    stubs.expect(MAKE.refuse("ThrottlingException", 400, times=TRIES_WHEN_BUSY))

    with pytest.raises(ClientError, match="ThrottlingException"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.elapsed <= 120


def test_fails_when_waiting_would_cost_the_answer(stubs: StubbedAws) -> None:
    """What the service said is a better reason than that there was no time."""
    clock = FakeClock(5)
    stubs.expect(MAKE.refuse("ThrottlingException", 400, times=3))

    with pytest.raises(ClientError, match="ThrottlingException"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits == [1, 2]


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "ForbiddenException"])
def test_waits_for_permissions_that_are_new(code: str, stubs: StubbedAws, clock: FakeClock) -> None:
    """A new policy becomes visible within seconds."""
    stubs.expect([*MAKE.refuse(code, 403, times=3), MAKE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert clock.waits == [1, 2, 4]


def test_fails_when_a_denial_does_not_pass(stubs: StubbedAws, clock: FakeClock) -> None:
    """Rights that are new are visible within seconds; a denial that is meant is told soon."""
    stubs.expect(MAKE.refuse("AccessDeniedException", 400, times=TRIES_WHEN_DENIED))

    with pytest.raises(ClientError, match="AccessDenied"):
        Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert 30 < clock.elapsed <= 40


def test_waits_for_rights_once_in_a_run(stubs: StubbedAws, clock: FakeClock) -> None:
    """What was denied for forty seconds is not new any more, whichever call asks."""
    stubs.expect(
        [
            *MAKE.refuse("AccessDeniedException", 400, times=TRIES_WHEN_DENIED),
            *MAKE.refuse("AccessDeniedException", 400, times=3),
        ]
    )
    api = Api(aws.client("logs"), clock)
    for _ in range(2):
        with pytest.raises(ClientError):
            api.call("create_log_group", logGroupName=GROUP)

    assert clock.elapsed <= 40
    stubs.assert_all_called()


@pytest.mark.parametrize("settling", [None, aws.denied])
def test_fails_at_once_when_nothing_could_pass(
    settling: Callable[[ClientError], bool] | None, stubs: StubbedAws, clock: FakeClock
) -> None:
    """Only named refusals are waited for."""
    stubs.expect(MAKE.refuse("ResourceNotFoundException", 404))

    with pytest.raises(ClientError, match="ResourceNotFound"):
        Api(aws.client("logs"), clock).call(
            "create_log_group", settling=settling, logGroupName=GROUP
        )

    assert clock.elapsed == 0


def test_waits_for_what_the_caller_says_is_new(stubs: StubbedAws, clock: FakeClock) -> None:
    """A 404 may only mean that an owner is not visible yet."""
    stubs.expect([*MAKE.refuse("ResourceNotFoundException", 404, times=5), MAKE])

    Api(aws.client("logs"), clock).call("create_log_group", settling=aws.gone, logGroupName=GROUP)

    assert clock.waits == [1, 2, 4, 8, 10]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"logGroupNames": GROUP}, "Unknown parameter in input"),
        ({"logGroupName": 24}, "Invalid type for parameter logGroupName"),
    ],
)
def test_fails_when_the_model_does_not_know_a_parameter(
    parameters: dict[str, Any], words: str, stubs: StubbedAws, clock: FakeClock
) -> None:
    """The service model is asked before the service, so nothing has changed."""
    stubs.expect([Call(service="logs", method="create_log_group", params=parameters)])
    api = Api(aws.client("logs"), clock)

    with pytest.raises(ParamValidationError, match=words):
        api.call("create_log_group", **parameters)

    assert not api.changed


@pytest.mark.parametrize(
    ("call", "refused", "changed"),
    [
        pytest.param(DESCRIBE, None, False, id="read"),
        pytest.param(MAKE, None, True, id="write"),
        pytest.param(MAKE, ("ValidationException", 400), False, id="refused"),
        pytest.param(MAKE, ("InternalServerError", 500), True, id="failed-half-way"),
    ],
)
def test_knows_whether_anything_may_have_changed(
    call: Call,
    refused: tuple[str, int] | None,
    stubs: StubbedAws,
    *,
    changed: bool,
) -> None:
    """A refusal changes nothing, but a failure of the service may come after its work."""
    stubs.expect([call] if refused is None else call.refuse(*refused))
    api = Api(aws.client("logs"), FakeClock(0.5))
    try:
        api.call(call.method, **call.params)
    except ClientError:
        assert refused is not None

    assert api.changed is changed


def test_remembers_a_change_over_a_refusal(stubs: StubbedAws, clock: FakeClock) -> None:
    """What an earlier call changed stays changed."""
    stubs.expect([MAKE, *MAKE.refuse("ValidationException", 400)])
    api = Api(aws.client("logs"), clock)
    api.call("create_log_group", logGroupName=GROUP)
    with pytest.raises(ClientError):
        api.call("create_log_group", logGroupName=GROUP)

    assert api.changed


def test_logs_each_call_without_its_parameters(
    stubs: StubbedAws, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The log says what was called and what was waited for."""
    stubs.expect([*MAKE.refuse("Throttling", 400), MAKE])

    Api(aws.client("logs"), clock).call("create_log_group", logGroupName=GROUP)

    assert logged() == [
        {"event": "waiting", "operation": "create_log_group", "code": "Throttling", "seconds": 1},
        {"event": "called", "operation": "create_log_group"},
    ]
