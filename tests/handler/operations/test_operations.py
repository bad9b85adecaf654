"""The table: every operation through every lifecycle, and through every fault of every call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole
from slr_constructs.handler.slr_handler.entrypoint import answer_to
from slr_constructs.handler.slr_handler.lifecycle import NOTHING_MADE
from slr_constructs.handler.slr_handler.operations import OPERATIONS, service_linked_role
from slr_constructs.handler.slr_handler.rules import refusal
from tests.handler.clocks import FakeClock
from tests.handler.events import ANSWER_URL, request
from tests.handler.lifecycles import LIFECYCLES, RUN_TOKEN, Lifecycle
from tests.handler.stubbed import TRIES_WHEN_BUSY, TRIES_WHEN_DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _pytest.mark import ParameterSet

    from slr_constructs.handler.slr_handler.lifecycle import Answer
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
    """Return every code, those after the first for `make test-exhaustive`.

    `Api` tells them apart, and its own tests have each of them; a call takes one for all.
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
    return (lifecycle.remove if kind == "Delete" else lifecycle.put)(lifecycle.name)


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


@pytest.fixture(autouse=True)
def _one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = SimpleNamespace(token_hex=lambda _bytes: RUN_TOKEN)
    monkeypatch.setattr(service_linked_role, "secrets", fixed)


@pytest.fixture
def ask(stubs: StubbedAws) -> Callable[..., Answer]:
    """Send a request to the function, and expect calls."""

    def asked(  # what a request consists of
        kind: str,
        lifecycle: Lifecycle,
        calls: list[Call],
        *,
        physical_id: str | None = None,
        properties: dict[str, Any] | None = None,
        clock: FakeClock | None = None,
    ) -> Answer:
        stubs.expect(calls)
        answer = answer_to(
            request(
                kind,
                lifecycle.resource_type,
                lifecycle.properties if properties is None else properties,
                physical_id=physical_id,
            ),
            clock or FakeClock(),
        )
        stubs.assert_all_called()
        return answer

    return asked


def test_every_operation_has_a_row() -> None:
    """A resource type without a row here is one whose lifecycle nobody has tried."""
    rows = {lifecycle.resource_type: lifecycle.contract for lifecycle in LIFECYCLES}

    assert rows == {name: operation.contract for name, operation in OPERATIONS.items()}
    assert len(rows) == len(LIFECYCLES)


@each_lifecycle
def test_create_puts_it(lifecycle: Lifecycle, ask: Callable[..., Answer]) -> None:
    """A create answers with the id of this thing and says what it did."""
    answer = ask("Create", lifecycle, lifecycle.put(lifecycle.name))

    assert not answer.failed, answer.reason
    assert answer.physical_id == lifecycle.physical_id
    assert answer.data == {"Outcome": answer.reason}


@each_lifecycle
def test_create_delivered_twice_puts_it_again(
    lifecycle: Lifecycle, ask: Callable[..., Answer]
) -> None:
    """Lambda delivers an event at least once, so a second one finds its work done."""
    first = ask("Create", lifecycle, lifecycle.put(lifecycle.name))
    second = ask("Create", lifecycle, (lifecycle.put_again or lifecycle.put)(lifecycle.name))

    assert not second.failed, second.reason
    assert second.physical_id == first.physical_id


@each_lifecycle
def test_update_of_nothing_keeps_the_id(lifecycle: Lifecycle, ask: Callable[..., Answer]) -> None:
    """The same thing has the same id, so nothing is deleted after the update."""
    answer = ask(
        "Update",
        lifecycle,
        (lifecycle.put_again or lifecycle.put)(lifecycle.name),
        physical_id=lifecycle.physical_id,
    )

    assert not answer.failed, answer.reason
    assert answer.physical_id == lifecycle.physical_id


@each_lifecycle
def test_update_to_another_thing_changes_the_id(
    lifecycle: Lifecycle, ask: Callable[..., Answer], stubs: StubbedAws
) -> None:
    """A new id makes CloudFormation delete the old thing, and the old thing alone."""
    if lifecycle.contract is ServiceLinkedRole:
        # another role is found, for IAM would make the one of the service principal
        put: list[Call] = lifecycle.put_again(lifecycle.other_owner)  # type: ignore[misc]
    else:
        put = lifecycle.put(lifecycle.other_owner)
    answer = ask(
        "Update",
        lifecycle,
        put,
        physical_id=lifecycle.physical_id,
        properties=lifecycle.other_properties,
    )

    assert not answer.failed, answer.reason
    assert answer.physical_id == lifecycle.other_physical_id

    cleaned = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_id=lifecycle.physical_id,
    )

    assert not cleaned.failed, cleaned.reason
    assert cleaned.physical_id == lifecycle.physical_id
    stubs.assert_all_called()


@each_lifecycle
def test_update_rolled_back_puts_the_old_thing_again(
    lifecycle: Lifecycle, ask: Callable[..., Answer]
) -> None:
    """CloudFormation updates back with the old properties and deletes the new thing."""
    back = ask(
        "Update",
        lifecycle,
        (lifecycle.put_again or lifecycle.put)(lifecycle.name),
        physical_id=lifecycle.other_physical_id,
    )
    cleaned = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.other_owner),
        physical_id=lifecycle.other_physical_id,
        properties=lifecycle.other_properties,
    )

    assert (back.failed, back.physical_id) == (False, lifecycle.physical_id)
    assert (cleaned.failed, cleaned.physical_id) == (False, lifecycle.other_physical_id)


@each_lifecycle
def test_delete_removes_it(lifecycle: Lifecycle, ask: Callable[..., Answer]) -> None:
    """A delete answers with the id it was asked for."""
    answer = ask(
        "Delete", lifecycle, lifecycle.remove(lifecycle.name), physical_id=lifecycle.physical_id
    )

    assert not answer.failed, answer.reason
    assert answer.physical_id == lifecycle.physical_id
    assert answer.data == {}


@each_lifecycle
def test_delete_of_what_is_gone_succeeds(lifecycle: Lifecycle, ask: Callable[..., Answer]) -> None:
    """A second delete, or one after the owner, finds nothing and says so."""
    ask("Delete", lifecycle, lifecycle.remove(lifecycle.name), physical_id=lifecycle.physical_id)
    answer = ask(
        "Delete",
        lifecycle,
        lifecycle.remove_when_gone(lifecycle.name),
        physical_id=lifecycle.physical_id,
    )

    assert not answer.failed, answer.reason


@each_lifecycle
def test_delete_reads_properties_of_an_older_version(
    lifecycle: Lifecycle, ask: Callable[..., Answer]
) -> None:
    """What an older template said more, or would not be allowed to say today, must still go."""
    answer = ask(
        "Delete",
        lifecycle,
        lifecycle.remove(lifecycle.name),
        physical_id=lifecycle.physical_id,
        properties={**lifecycle.properties, "Retired": "yes"},
    )

    assert not answer.failed, answer.reason


@each_lifecycle
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_fails_when_a_property_breaks_its_rule(
    lifecycle: Lifecycle, kind: str, ask: Callable[..., Answer]
) -> None:
    """The function refuses in the construct's own words, before any call."""
    name, value, rule = lifecycle.wrong
    known = lifecycle.physical_id if kind == "Update" else None
    answer = ask(
        kind, lifecycle, [], physical_id=known, properties={**lifecycle.properties, name: value}
    )

    assert answer.failed
    assert answer.physical_id == (known or f"{NOTHING_MADE}Thing")
    assert answer.reason.startswith(f"{lifecycle.resource_type}: ")
    shown = value if value.lstrip("-").isdigit() else repr(value)
    assert answer.reason.endswith(f" must be {rule.allowed}, got {shown} [{rule.code}]")


@each_lifecycle
def test_fails_when_a_property_is_unknown(lifecycle: Lifecycle, ask: Callable[..., Answer]) -> None:
    """A property that nothing reads is a promise that nothing keeps."""
    answer = ask("Create", lifecycle, [], properties={**lifecycle.properties, "Colour": "red"})

    assert answer.failed
    assert answer.reason == refusal(
        lifecycle.resource_type, "Colour", "left out", "red", "UnknownProperty"
    )


@each_lifecycle
@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_fails_when_a_property_is_missing(
    lifecycle: Lifecycle, kind: str, ask: Callable[..., Answer]
) -> None:
    """Without its owner there is nothing to put or remove."""
    answer = ask(kind, lifecycle, [], properties={}, physical_id=lifecycle.physical_id)

    assert answer.failed
    assert answer.reason.endswith("must be given, got None [MissingProperty]")


@each_lifecycle
def test_delete_after_a_failed_create_calls_nothing(
    lifecycle: Lifecycle, ask: Callable[..., Answer]
) -> None:
    """The id of a create that made nothing says so, whatever its properties were."""
    name, value, _ = lifecycle.wrong
    wrong = {**lifecycle.properties, name: value}
    created = ask("Create", lifecycle, [], properties=wrong)
    deleted = ask("Delete", lifecycle, [], properties=wrong, physical_id=created.physical_id)

    assert created.failed
    assert not deleted.failed, deleted.reason
    assert deleted.physical_id == created.physical_id


@pytest.mark.parametrize("fault", _first_of(BUSY))
@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Delete", of_role=True)
)
def test_waits_while_a_service_is_busy(
    lifecycle: Lifecycle,
    kind: str,
    position: int,
    fault: tuple[str, int],
    ask: Callable[..., Answer],
) -> None:
    """Throttling and the failures of a service pass, whichever call they hit."""
    calls = _script(lifecycle, kind)
    calls[position:position] = calls[position].refuse(*fault, times=3)
    answer = ask(kind, lifecycle, calls, physical_id=lifecycle.physical_id)

    assert not answer.failed, answer.reason


@pytest.mark.parametrize("code", _first_of(DENIED))
@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Delete", of_role=True)
)
def test_waits_while_the_functions_rights_are_new(
    lifecycle: Lifecycle, kind: str, position: int, code: str, ask: Callable[..., Answer]
) -> None:
    """Rights that were given seconds ago are refused seconds longer."""
    calls = _script(lifecycle, kind)
    calls[position:position] = calls[position].refuse(code, 403, times=3)
    answer = ask(kind, lifecycle, calls, physical_id=lifecycle.physical_id)

    assert not answer.failed, answer.reason


@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Update", "Delete", of_role=False)
)
def test_fails_when_a_call_is_denied(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Answer]
) -> None:
    """A denial that is meant is told within a minute, with the call and the likely causes."""
    clock = FakeClock()
    calls = _script(lifecycle, kind)
    denied = calls[position]
    answer = ask(
        kind,
        lifecycle,
        calls[:position] + denied.refuse("AccessDeniedException", 403, TRIES_WHEN_DENIED),
        physical_id=lifecycle.physical_id,
        clock=clock,
    )

    assert answer.failed
    assert answer.reason == (
        f"{kind.lower()} of {lifecycle.resource_type} Thing: {denied.operation} was refused (the"
        " function's rights or a service control policy): AccessDeniedException: AWS says no"
    )
    assert clock.elapsed <= 60


@pytest.mark.parametrize(
    ("lifecycle", "kind", "position"), _each_call("Create", "Update", "Delete", of_role=False)
)
def test_fails_when_a_call_is_refused(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Answer]
) -> None:
    """Only named errors are waited for or ignored; any other is told at once."""
    clock = FakeClock()
    calls = _script(lifecycle, kind)
    answer = ask(
        kind,
        lifecycle,
        calls[:position] + calls[position].refuse("ImATeapotException", 418),
        physical_id=lifecycle.physical_id,
        clock=clock,
    )

    assert answer.failed
    assert answer.physical_id == lifecycle.physical_id
    assert answer.reason == (
        f"{kind.lower()} of {lifecycle.resource_type} Thing: {calls[position].operation} was"
        " refused: ImATeapotException: AWS says no"
    )
    assert clock.elapsed == 0


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _each_call("Create", of_role=False))
def test_fails_when_a_service_stays_busy(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Answer]
) -> None:
    """A call that may have worked all the same leaves something to delete by its real name."""
    calls = _script(lifecycle, kind)
    answer = ask(
        kind,
        lifecycle,
        calls[:position]
        + calls[position].refuse("InternalServerError", 500, times=TRIES_WHEN_BUSY),
    )

    assert answer.failed
    if calls[position].method.startswith("get_"):
        assert answer.physical_id == f"{NOTHING_MADE}Thing"
    else:
        assert answer.physical_id == lifecycle.physical_id


@pytest.mark.parametrize(("lifecycle", "kind", "position"), _each_call("Create", of_role=False))
def test_create_that_was_refused_made_nothing_unless_a_call_before_it_did(
    lifecycle: Lifecycle, kind: str, position: int, ask: Callable[..., Answer]
) -> None:
    """A refusal changes nothing by itself, but what was changed before it must be deleted."""
    calls = _script(lifecycle, kind)
    answer = ask(
        kind,
        lifecycle,
        calls[:position] + calls[position].refuse("ImATeapotException", 418),
    )
    changed = any(not call.method.startswith("get_") for call in calls[:position])

    assert answer.failed
    assert answer.physical_id == (lifecycle.physical_id if changed else f"{NOTHING_MADE}Thing")


@each_lifecycle
def test_answers_tell_nobody_where_to_answer(
    lifecycle: Lifecycle, ask: Callable[..., Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever holds the answer's address can answer in the function's place."""
    ask("Create", lifecycle, lifecycle.put(lifecycle.name))
    ask("Delete", lifecycle, lifecycle.remove(lifecycle.name), physical_id=lifecycle.physical_id)

    assert ANSWER_URL not in capsys.readouterr().out
