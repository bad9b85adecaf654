"""What happened in the emulated account, in the order in which it did."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `what` is one of: "resource" (CloudFormation is done with a resource), "event" (the function was
    asked), "answer" (and answered), "call" (it called AWS), "log" (it wrote a line), "lost log",
    "ended" (a run ended otherwise than by returning), "switch" (a feature went on or off, a thing
    came or went) and "role" (one was made or deleted).
    """

    what: str
    time: float
    account: str
    region: str
    stack: str
    logical_id: str
    type: str
    action: str
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it on one line."""
        where = "/".join(part for part in (self.region, self.stack, self.logical_id) if part)
        details = " ".join(f"{key}={value}" for key, value in self.details.items())
        return f"{self.time:.1f} {self.what} {where} {self.type} {self.action} {details}".rstrip()


class Journal:
    """All entries, and who wants to hear of new ones."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []

    def add(
        self,
        what: str,
        account: str,
        action: str,
        *,
        region: str = "",
        stack: str = "",
        logical_id: str = "",
        type: str = "",
        **details: object,
    ) -> None:
        """Write down what happened just now."""
        entry = Entry(
            what, self._now(), account, region, stack, logical_id, type, action, dict(details)
        )
        with self._lock:
            self._entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def of(self, account: str, *what: str) -> list[Entry]:
        """Return an account's entries, of all kinds or of those named."""
        with self._lock:
            return [
                entry
                for entry in self._entries
                if entry.account == account and (not what or entry.what in what)
            ]
