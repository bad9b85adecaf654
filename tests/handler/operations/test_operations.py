"""Every operation: all requests of its lifecycle, and all errors of all its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.cloudformation import NOTHING_CREATED
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole
from slr_constructs.handler.slr_handler.entrypoint import respond
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from slr_constructs.handler.slr_handler.rules import refusal
from tests.handler.clocks import FakeClock
from tests.handler.events import RESPONSE_URL, request
from tests.handler.lifecycles import LIFECYCLES, Lifecycle
from tests.handler.stubbed import TRIES_WHEN_BUSY, TRIES_WHEN_DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _pytest.mark import ParameterSet

    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.stubbed import Call, StubbedAws

BUSY = (
    ("Throttling", 400),
    ("ThrottlingException", 400),
    ("ThrottledClientException", 429),
    ("TooManyRequestsException", 429),
    ("ConcurrentModification", 409),
    ("ServiceFailureException", 500),
    ("ServiceUnavailableException", 503),
)

DENIED = ("AccessDenied", "AccessDeniedException", "ForbiddenException")


def _first_of(codes: Iterable[Any]) -> list[ParameterSet]:
    """Return every code. The codes after the first are only for `make test-exhaustive`.

    The tests of `Api` cover every code, so one code is enough for each call.
    """
    return [
        pytest.param(
            each,
            id=each if isinstance(each, str) else f"{each[0]}-{each[1]}",
            marks=[pytest.mark.exhaustive] if number else [],
        )
        for number, each in enumerate(codes)
    ]


each_lifecycle = pytest.mark.parametrize(
    "lifecycle", LIFECYCLES, ids=lambda row: row.resource_type.removeprefix("Custom::")
)


def _script(lifecycle: Lifecycle, kind: str) -> list[Call]:
    return (lifecycle.remove if kind == "Delete" else lifecycle.configure)(lifecycle.name)


#: the calls with which a Delete verifies what it did. The Delete needs no permission for them.
VERIFIES = (
    "VoiceConnectorStreaming-Delete-1-GetVoiceConnectorStreamingConfiguration",
    "AppInstanceStreaming-Delete-1-GetMessagingStreamingConfigurations",
)
#: a Delete that then reads whether its target exists.
READS = "AppInstanceStreaming-Delete-0-DeleteMessagingStreamingConfigurations"
READING = ("get_", "list_", "describe_")
#: without these, the feature works; `test_marks.py` shows what then is not protected.
OPTIONAL = ("-TagResource", "-UntagResource")


def _each_call_except(*ids: str) -> list[ParameterSet]:
    calls = _needed("Create", "Update", "Delete")
    assert {*ids} <= {each.id for each in calls}
    return [each for each in calls if each.id not in ids]


def _needed(*kinds: str) -> list[ParameterSet]:
    calls = _each_call(*kinds, of_role=False)
    return [each for each in calls if not str(each.id).endswith(OPTIONAL)]


def _each_call(*kinds: str, of_role: bool) -> list[ParameterSet]:
    return list(_calls_of(kinds, of_role=of_role))


def _calls_of(kinds: tuple[str, ...], *, of_role: bool) -> Iterator[ParameterSet]:
    for lifecycle in LIFECYCLES:
        if lifecycle.contract is ServiceLinkedRole and not of_role:
            continue
        for kind in kinds:
            for position, call in enumerate(_script(lifecycle, kind)):
                name = lifecycle.resource_type.removeprefix("Custom::")
                yield pytest.param(
                    lifecycle, kind, position, id=f"{name}-{kind}-{position}-{call.operation}"
                )


@pytest.fixture
def ask(stubs: StubbedAws) -> Callable[..., Response]:
    """Send a request to the function, and expect the given calls."""

    def send(  # the parts of a request
        kind: str,
        lifecycle: Lifecycle,
        calls: list[Call],
        *,
        physical_resource_id: str | None = None,
        properties: dict[str, Any] | None = None,
        clock: FakeClock | None = None,
    ) -> Response:
        stubs.expect(calls)
        response = respond(
            request(
                kind,
                lifecycle.resource_type,
                lifecycle.properties if properties is None else properties,
                physical_resource_id=physical_resource_id,
            ),
            clock or FakeClock(),
        )
        stubs.assert_all_called()
        return response

    return send


def test_every_operation_has_a_row() -> None:
    """The lifecycle of every resource type is tested."""
    rows = {lifecycle.resource_type: lifecycle.contract for lifecycle in LIFECYCLES}

    assert rows == {name: operation.contract for name, operation in OPERATIONS.items()}
    assert len(rows) == len(LIFECYCLES)


@each_lifecycle
def test_create_configures_the_target(lifecycle: Lifecycle, ask: Callable[..., Response]) -> None:
    """The response has the id of the target and says what the function did."""
    response = ask("Create", lifecycle, lifecycle.configure(lifecycle.name))

    assert not response.failed, response.reason
    assert response.physical_resource_id == lifecycle.physical_id
    assert response.data == {"Outcome": response.reason}


@each_lifecycle
def test_create_is_idempotent(lifecycle: Lifecycle, ask: Callable[..., Response]) -> None:
    """Lambda delivers an event at least once, so a second delivery must succeed."""
    first = ask("Create", lifecycle, lifecycle.configure(lifecycle.name))
    second = ask(
        "Create", lifecycle, (lifecycle.configure_again or lifecycle.configure)(lifecycle.name)
    )

    assert not second.failed, second.reason
    assert second.physical_resource_id == first.physical_resource_id


@each_lifecycle
def test_update_without_a_change_keeps_the_id(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """The same target has the same id, so CloudFormation does not delete it afterwards."""
    response = ask(
        "Update",
        lifecycle,
        (lifecycle.configure_again or lifecycle.configure)(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )

    assert not response.failed, response.reason
    assert response.physical_resource_id == lifecycle.physical_id


@each_lifecycle
def test_update_to_another_target_changes_the_id(
    lifecycle: Lifecycle, ask: Callable[..., Response], stubs: StubbedAws
) -> None:
    """With a new id, CloudFormation deletes only the old target."""
    if lifecycle.contract is ServiceLinkedRole:
        # the other role already exists, because IAM would create the role of the principal
        calls: list[Call] = lifecycle.configure_again(lifecycle.other_owner)  # type: ignore[misc]
    else:
        calls = lifecycle.configure(lifecycle.other_owner)
    response = ask(
        "Update",
        lifecycle,
        calls,
        physical_resource_id=lifecycle.physical_id,
        properties=lifecycle.other_properties,
    )

    assert not response.failed, response.reason
    assert response.physical_resource_id == lifecycle.other_physical_id

    cleaned = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )

    assert not cleaned.failed, cleaned.reason
    assert cleaned.physical_resource_id == lifecycle.physical_id
    stubs.assert_all_called()


@each_lifecycle
def test_update_that_is_rolled_back_configures_the_old_target_again(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """CloudFormation updates to the old properties and deletes the new target."""
    back = ask(
        "Update",
        lifecycle,
        (lifecycle.configure_again or lifecycle.configure)(lifecycle.name),
        physical_resource_id=lifecycle.other_physical_id,
    )
    cleaned = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.other_owner),
        physical_resource_id=lifecycle.other_physical_id,
        properties=lifecycle.other_properties,
    )

    assert (back.failed, back.physical_resource_id) == (False, lifecycle.physical_id)
    assert (cleaned.failed, cleaned.physical_resource_id) == (False, lifecycle.other_physical_id)


@each_lifecycle
def test_delete_removes_the_configuration(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """The response has the id of the request."""
    response = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )

    assert not response.failed, response.reason
    assert response.physical_resource_id == lifecycle.physical_id
    assert response.data == {}


@each_lifecycle
def test_second_delete_succeeds(lifecycle: Lifecycle, ask: Callable[..., Response]) -> None:
    """A delete succeeds if the configuration or its owner does not exist."""
    ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )
    response = ask(
        "Delete",
        lifecycle,
        lifecycle.remove_when_missing(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )

    assert not response.failed, response.reason


@each_lifecycle
def test_delete_needs_only_the_name_of_the_target(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """An older template may not have the other properties."""
    calls = lifecycle.remove(lifecycle.name)
    response = ask(
        "Delete",
        lifecycle,
        calls,
        physical_resource_id=lifecycle.physical_id,
        properties={contract.property_name(lifecycle.owner): lifecycle.name},
    )

    assert not response.failed, response.reason


@each_lifecycle
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_fails_when_a_property_is_invalid(
    lifecycle: Lifecycle, kind: str, ask: Callable[..., Response]
) -> None:
    """The function reports the same text as the construct, before any call."""
    name, value, rule = lifecycle.wrong
    known = lifecycle.physical_id if kind == "Update" else None
    response = ask(
        kind,
        lifecycle,
        [],
        physical_resource_id=known,
        properties={**lifecycle.properties, name: value},
    )

    assert response.failed
    assert response.physical_resource_id == (known or f"{NOTHING_CREATED}Thing")
    assert response.reason.startswith(f"{lifecycle.resource_type}: ")
    shown = value if value.lstrip("-").isdigit() else repr(value)
    assert response.reason.endswith(f" must be {rule.allowed}, got {shown} [{rule.code}]")


@each_lifecycle
def test_fails_when_a_property_is_unknown(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """A property that the function does not read would have no effect."""
    response = ask("Create", lifecycle, [], properties={**lifecycle.properties, "Colour": "red"})

    assert response.failed
    assert response.reason == refusal(
        lifecycle.resource_type, "Colour", "omitted", "red", "UnknownProperty"
    )


@each_lifecycle
def test_fails_when_a_property_is_missing(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """Without the owner there is nothing to configure."""
    response = ask("Create", lifecycle, [], properties={})

    assert response.failed
    assert response.reason.endswith("must be given, got None [MissingProperty]")


@each_lifecycle
@pytest.mark.parametrize("properties", [{}, {"Colour": "red"}], ids=["missing", "unknown"])
def test_delete_needs_no_property(
    lifecycle: Lifecycle, properties: dict[str, str], ask: Callable[..., Response]
) -> None:
    """The template may be of another version. The physical id has the name of the target."""
    calls = lifecycle.remove(lifecycle.name)
    response = ask(
        "Delete",
        lifecycle,
        calls,
        properties=properties,
        physical_resource_id=lifecycle.physical_id,
    )

    assert not response.failed, response.reason


@each_lifecycle
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_ignores_the_tags_that_aspects_add(
    lifecycle: Lifecycle, kind: str, ask: Callable[..., Response]
) -> None:
    """An Aspect may add them to every custom resource (aws/aws-cdk#13851)."""
    tags = [{"Key": "team", "Value": "live"}]
    response = ask(
        kind,
        lifecycle,
        _script(lifecycle, kind),
        properties={**lifecycle.properties, "Tags": tags},
        physical_resource_id=lifecycle.physical_id,
    )

    assert not response.failed, response.reason


@each_lifecycle
def test_delete_after_a_failed_create_calls_nothing(
    lifecycle: Lifecycle, ask: Callable[..., Response]
) -> None:
    """The id of a create that created nothing shows this, with any properties."""
    name, value, _ = lifecycle.wrong
    wrong = {**lifecycle.properties, name: value}
    created = ask("Create", lifecycle, [], properties=wrong)
    deleted = ask(
        "Delete", lifecycle, [], properties=wrong, physical_resource_id=created.physical_resource_id
    )

    assert created.failed
    assert not deleted.failed, deleted.reason
    assert deleted.physical_resource_id == created.physical_resource_id


@pytest.mark.parametrize(
    "lifecycle",
    [
        row
        for row in LIFECYCLES
        if row.contract is not ServiceLinkedRole and row.configure(row.name) != []
    ],
    ids=lambda row: row.resource_type.removeprefix("Custom::"),
)
def test_waits_for_a_new_target(lifecycle: Lifecycle, ask: Callable[..., Response]) -> None:
    """A new target, or a resource that it needs, may not be visible yet."""
    clock = FakeClock()
    calls = lifecycle.configure(lifecycle.name)
    (missing,) = lifecycle.remove_when_missing(lifecycle.name)
    assert missing.refused is not None
    calls[-1:-1] = calls[-1].refuse(*missing.refused, times=4)
    response = ask("Create", lifecycle, calls, clock=clock)

    assert not response.failed, response.reason
    assert clock.elapsed == 15


@pytest.mark.parametrize("fault", _first_of(BUSY))
@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Delete", of_role=True)
)
def test_waits_while_a_service_is_busy(
    lifecycle: Lifecycle,
    kind: str,
    position: int,
    fault: tuple[str, int],
    ask: Callable[..., Response],
) -> None:
    """Throttling and errors of the service are temporary for every call."""
    calls = _script(lifecycle, kind)
    calls[position:position] = calls[position].refuse(*fault, times=3)
    response = ask(kind, lifecycle, calls, physical_resource_id=lifecycle.physical_id)

    assert not response.failed, response.reason


@pytest.mark.parametrize("code", _first_of(DENIED))
@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Delete", of_role=True)
)
def test_waits_while_the_functions_permissions_are_new(
    lifecycle: Lifecycle, kind: str, position: int, code: str, ask: Callable[..., Response]
) -> None:
    """New permissions take some seconds to be effective."""
    calls = _script(lifecycle, kind)
    calls[position:position] = calls[position].refuse(code, 403, times=3)
    response = ask(kind, lifecycle, calls, physical_resource_id=lifecycle.physical_id)

    assert not response.failed, response.reason


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _each_call_except(*VERIFIES, READS))
def test_fails_when_a_call_is_denied(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Response]
) -> None:
    """A permanent denial is reported within a minute, with the call and the likely causes."""
    clock = FakeClock()
    calls = _script(lifecycle, kind)
    denied = calls[position]
    response = ask(
        kind,
        lifecycle,
        calls[:position] + denied.refuse("AccessDeniedException", 403, TRIES_WHEN_DENIED),
        physical_resource_id=lifecycle.physical_id,
        clock=clock,
    )

    assert response.failed
    assert response.reason == (
        f"{kind.lower()} of {lifecycle.resource_type} Thing: {denied.operation} failed (check"
        " the permissions and the service control policies): AccessDeniedException: AWS says no"
    )
    assert clock.elapsed <= 60


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _each_call_except(READS))
def test_fails_when_a_call_is_refused(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Response]
) -> None:
    """Only specified errors are retried or ignored; any other error fails at once."""
    clock = FakeClock()
    calls = _script(lifecycle, kind)
    response = ask(
        kind,
        lifecycle,
        calls[:position] + calls[position].refuse("ImATeapotException", 418),
        physical_resource_id=lifecycle.physical_id,
        clock=clock,
    )

    assert response.failed
    assert response.physical_resource_id == lifecycle.physical_id
    assert response.reason == (
        f"{kind.lower()} of {lifecycle.resource_type} Thing: {calls[position].operation}"
        " failed: ImATeapotException: AWS says no"
    )
    assert clock.elapsed == 0


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _needed("Create"))
def test_fails_when_a_service_stays_busy(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Response]
) -> None:
    """If the call may have worked, the response has the id for the delete."""
    calls = _script(lifecycle, kind)
    response = ask(
        kind,
        lifecycle,
        calls[:position]
        + calls[position].refuse("InternalServerError", 500, times=TRIES_WHEN_BUSY),
    )

    assert response.failed
    changed = any(not call.method.startswith(READING) for call in calls[: position + 1])
    if not changed:
        assert response.physical_resource_id == f"{NOTHING_CREATED}Thing"
    else:
        assert response.physical_resource_id == lifecycle.physical_id


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _needed("Create"))
def test_create_that_was_rejected_created_nothing_unless_an_earlier_call_did(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Response]
) -> None:
    """A rejected call changes nothing, but the changes of earlier calls must be deleted."""
    calls = _script(lifecycle, kind)
    response = ask(
        kind,
        lifecycle,
        calls[:position] + calls[position].refuse("ImATeapotException", 418),
    )
    changed = any(not call.method.startswith(READING) for call in calls[:position])

    assert response.failed
    assert response.physical_resource_id == (
        lifecycle.physical_id if changed else f"{NOTHING_CREATED}Thing"
    )


@each_lifecycle
def test_response_url_is_not_logged(
    lifecycle: Lifecycle, ask: Callable[..., Response], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the response URL, anyone can respond in place of the function."""
    ask("Create", lifecycle, lifecycle.configure(lifecycle.name))
    ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_resource_id=lifecycle.physical_id,
    )

    assert RESPONSE_URL not in capsys.readouterr().out
