"""Changes to many things: side by side, again while they are busy, and told of as they happen."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from slr_constructs.account.access import AccountError
from slr_constructs.account.changing import Change, Changes, Outcome, Waiting
from slr_constructs.account.uses import KINDS
from slr_constructs.account.uses.kind import Thing
from slr_constructs.handler.slr_handler.run import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.account.changing import Event


def _things(number: int) -> list[Thing]:
    kind = KINDS["IVS channel"]
    return [
        Thing(kind, "us-east-1", f"arn:{each}", f"arn:{each}", f"c{each}") for each in range(number)
    ]


class Telling:
    """Changes, and all that was told of them."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.events: list[Event] = []

    def make(self, number: int, change: Callable[[Thing], str], wait: float = 0) -> bool:
        """Make them."""
        return self.changes.make(
            _things(number), change, wait_seconds=wait, tell=self.events.append
        )

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What became of each, in the order of their names."""
        made = [event for event in self.events if isinstance(event, Change)]
        return sorted((event.thing.name, event.outcome.value) for event in made)

    @property
    def pauses(self) -> list[float]:
        """The seconds of the waits that were told."""
        return [event.seconds for event in self.events if isinstance(event, Waiting)]


def _refusal(code: str = "AccessDenied", text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "Change")


def test_all_that_can_be_done_is_done(waits: list[float]) -> None:
    """What is refused is told of with its reason, and holds up nothing."""
    telling = Telling()
    errors = {
        "c1": _refusal(),
        "c3": EndpointConnectionError(endpoint_url="https://ivs.example"),
        "c4": ResponseParserError("none of AWS's"),
    }

    def change(thing: Thing) -> str:
        if thing.name in errors:
            raise errors[thing.name]
        return f"{thing.name} is off"

    assert telling.make(6, change, wait=900) is False
    assert telling.outcomes == [
        ("c0", "done"),
        ("c1", "failed"),
        ("c2", "done"),
        ("c3", "failed"),
        ("c4", "failed"),
        ("c5", "done"),
    ]
    assert sorted(each.text for each in telling.changes.left) == [
        "AccessDenied: no",
        'Could not connect to the endpoint URL: "https://ivs.example"',
        "none of AWS's",
    ]
    assert {each.text for each in telling.changes.done} == {f"c{n} is off" for n in (0, 2, 5)}
    assert telling.changes.under_way == set()
    assert waits == []


def test_what_is_busy_is_tried_again_after_growing_pauses(waits: list[float]) -> None:
    """The others are done at once, and are not asked for again."""
    telling = Telling()
    asked: list[str] = []

    def change(thing: Thing) -> str:
        asked.append(thing.name)
        if thing.name == "c1" and asked.count("c1") < 4:
            raise RefusedError("it is live")
        return "off"

    assert telling.make(3, change, wait=900) is True
    assert asked.count("c0") == asked.count("c2") == 1
    assert telling.outcomes.count(("c1", "busy")) == 3
    assert telling.pauses == waits == [5, 7.5, 11.25]
    assert {event.why for event in telling.events if isinstance(event, Waiting)} == {"1 busy"}
    # the three that could be were told of before anybody waited
    assert [type(event) for event in telling.events[:4]] == [Change, Change, Change, Waiting]
    assert telling.changes.left == []


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
def test_nobody_waits_for_longer_than_he_said(
    waits: list[float], wait: float, pauses: list[float]
) -> None:
    """And no pause is longer than a minute."""
    telling = Telling()

    def busy(_: Thing) -> str:
        raise RefusedError("it is live")

    assert telling.make(1, busy, wait=wait) is False
    assert telling.pauses == waits == pauses
    assert sum(waits) <= wait
    assert [each.outcome for each in telling.changes.left] == [Outcome.BUSY]
    assert telling.changes.done == []


def test_no_more_than_eight_are_changed_at_the_same_time() -> None:
    """And no fewer, where there are as many: all eight wait for one another."""
    telling = Telling()
    lock = threading.Lock()
    barrier = threading.Barrier(8, timeout=30)
    now = [0]
    most = [0]

    def change(_: Thing) -> str:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        barrier.wait()
        with lock:
            now[0] -= 1
        return "off"

    assert telling.make(24, change) is True
    assert most == [8]


def test_what_stops_it_leaves_what_is_known_and_what_is_not() -> None:
    """Something that nobody has heard the end of is neither done nor as before."""
    telling = Telling()
    heard = threading.Event()

    def change(thing: Thing) -> str:
        if thing.name == "c0":
            return "off"
        assert heard.wait(30)
        if thing.name == "c1":
            raise AccountError("the file cannot be written")
        # done, but the other has stopped all by then, or may have
        return "off"

    def tell(event: Event) -> None:
        telling.events.append(event)
        heard.set()

    with pytest.raises(AccountError):
        telling.changes.make(_things(2), change, wait_seconds=0, tell=tell)
    assert [each.thing.name for each in telling.changes.done] == ["c0"]
    assert telling.changes.under_way == {"arn:1"}
    assert telling.changes.left == []


def test_who_stops_it_between_an_end_and_the_telling_of_it_is_told_that_it_may_be_done() -> None:
    """What was changed, and not heard of, is still under way for whoever asks."""
    telling = Telling()
    ended = threading.Barrier(2, timeout=30)

    def change(_: Thing) -> str:
        ended.wait()
        return "off"

    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        telling.changes.make(_things(2), change, wait_seconds=0, tell=interrupt)
    # of one it was heard, and the telling was stopped; of the other it was not
    assert len(telling.changes.done) == 1
    assert len(telling.changes.under_way) >= 1
