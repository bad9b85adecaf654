"""Changes to many resources: concurrent, retried while busy, and reported as they happen."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from slr_constructs.account.access import AccountError
from slr_constructs.account.changes import Change, Changes, Outcome, Waiting
from slr_constructs.account.usages import KINDS
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.handler.slr_handler.context import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.account.changes import Event


def _targets(number: int) -> list[TargetResource]:
    kind = KINDS["IVS channel"]
    return [
        TargetResource(kind, "us-east-1", f"arn:{each}", f"arn:{each}", f"c{each}")
        for each in range(number)
    ]


class RecordedChanges:
    """Changes, and all events that they report."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.events: list[Event] = []

    def make(self, number: int, change: Callable[[TargetResource], str], wait: float = 0) -> bool:
        """Apply a change to a number of resources."""
        return self.changes.apply(
            _targets(number), change, wait_seconds=wait, on_event=self.events.append
        )

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """The outcome of each change, by name."""
        changes = [event for event in self.events if isinstance(event, Change)]
        return sorted((event.target.name, event.outcome.value) for event in changes)

    @property
    def pauses(self) -> list[float]:
        """The seconds of the reported pauses."""
        return [event.seconds for event in self.events if isinstance(event, Waiting)]


def _refusal(code: str = "AccessDenied", text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Change")


def test_all_possible_changes_are_made(waits: list[float]) -> None:
    """A refused change is reported with its reason, and does not delay the others."""
    recorded = RecordedChanges()
    errors = {
        "c1": _refusal(),
        "c3": EndpointConnectionError(endpoint_url="https://ivs.example"),
        "c4": ResponseParserError("none of AWS's"),
    }

    def change(target: TargetResource) -> str:
        if target.name in errors:
            raise errors[target.name]
        return f"{target.name} is off"

    assert recorded.make(6, change, wait=900) is False
    assert recorded.outcomes == [
        ("c0", "done"),
        ("c1", "failed"),
        ("c2", "done"),
        ("c3", "failed"),
        ("c4", "failed"),
        ("c5", "done"),
    ]
    assert sorted(each.text for each in recorded.changes.remaining) == [
        "AccessDenied: no",
        'Could not connect to the endpoint URL: "https://ivs.example"',
        "the response cannot be read",
    ]
    assert {each.text for each in recorded.changes.done} == {f"c{n} is off" for n in (0, 2, 5)}
    assert recorded.changes.in_progress == set()
    assert waits == []


def test_busy_resources_are_retried_after_growing_pauses(waits: list[float]) -> None:
    """The other resources are changed immediately and only once."""
    recorded = RecordedChanges()
    asked: list[str] = []

    def change(target: TargetResource) -> str:
        asked.append(target.name)
        if target.name == "c1" and asked.count("c1") < 4:
            raise OperationError("it is live")
        return "off"

    assert recorded.make(3, change, wait=900) is True
    assert asked.count("c0") == asked.count("c2") == 1
    assert recorded.outcomes.count(("c1", "busy")) == 3
    assert recorded.pauses == waits == [5, 7.5, 11.25]
    assert {event.reason for event in recorded.events if isinstance(event, Waiting)} == {
        "1 resource is busy"
    }
    # the three results were reported before the first pause
    assert [type(event) for event in recorded.events[:4]] == [Change, Change, Change, Waiting]
    assert recorded.changes.remaining == []


@pytest.mark.parametrize(
    ("wait", "pauses"),
    [
        pytest.param(0, [], id="0"),
        pytest.param(4.9, [], id="shorter than a pause"),
        pytest.param(5, [5], id="one pause"),
        pytest.param(30, [5, 7.5, 11.25], id="half a minute"),
        pytest.param(
            400,
            [5, 7.5, 11.25, 16.875, 25.3125, 37.96875, 56.953125, 60, 60, 60],
            id="some minutes",
        ),
    ],
)
def test_pauses_are_not_longer_than_wait_seconds(
    waits: list[float], wait: float, pauses: list[float]
) -> None:
    """No pause is longer than a minute."""
    recorded = RecordedChanges()

    def busy(_: TargetResource) -> str:
        raise OperationError("it is live")

    assert recorded.make(1, busy, wait=wait) is False
    assert recorded.pauses == waits == pauses
    assert sum(waits) <= wait
    assert [each.outcome for each in recorded.changes.remaining] == [Outcome.BUSY]
    assert recorded.changes.done == []


def test_eight_resources_are_changed_at_the_same_time() -> None:
    """Neither more nor fewer: all eight wait for each other."""
    recorded = RecordedChanges()
    lock = threading.Lock()
    barrier = threading.Barrier(8, timeout=30)
    now = [0]
    most = [0]

    def change(_: TargetResource) -> str:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        barrier.wait()
        with lock:
            now[0] -= 1
        return "off"

    assert recorded.make(24, change) is True
    assert most == [8]


def test_an_error_leaves_known_and_unknown_results() -> None:
    """A change without a known result is neither done nor remaining."""
    recorded = RecordedChanges()
    heard = threading.Event()

    def change(target: TargetResource) -> str:
        if target.name == "c0":
            return "off"
        assert heard.wait(30)
        if target.name == "c1":
            raise AccountError("the file cannot be written")
        # done, but the error of the other change may have stopped everything before
        return "off"

    def on_event(event: Event) -> None:
        recorded.events.append(event)
        heard.set()

    with pytest.raises(AccountError):
        recorded.changes.apply(_targets(2), change, wait_seconds=0, on_event=on_event)
    assert [each.target.name for each in recorded.changes.done] == ["c0"]
    assert recorded.changes.in_progress == {"arn:1"}
    assert recorded.changes.remaining == []


def test_a_change_whose_result_was_not_reported_stays_in_progress() -> None:
    """The change may have been made."""
    recorded = RecordedChanges()
    ended = threading.Barrier(2, timeout=30)

    def change(_: TargetResource) -> str:
        ended.wait()
        return "off"

    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded.changes.apply(_targets(2), change, wait_seconds=0, on_event=interrupt)
    # one result arrived, and its report was interrupted. The other result did not arrive
    assert len(recorded.changes.done) == 1
    assert len(recorded.changes.in_progress) >= 1
