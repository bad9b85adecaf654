"""The events in the emulated accounts, in chronological order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    `what` is one of: "resource" (CloudFormation created, updated or deleted a resource), "event"
    (CloudFormation invoked the function), "response" (the function responded), "cancelled"
    (CloudFormation no longer waits for the response, because another resource failed), "ignored"
    (the function responded after a cancellation, a timeout or another response), "dropped" (Lambda
    gave up an event), "call" (the function called AWS), "log" (the function logged a line), "lost
    log" (its log could not be written), "ended" (a run did not return), "feature" (a feature was
    enabled or disabled, or its owner was created or deleted) and "role" (a role was created or
    deleted).
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
        """Return the entry as one line."""
        where = "/".join(part for part in (self.region, self.stack, self.logical_id) if part)
        details = " ".join(f"{key}={value}" for key, value in self.details.items())
        return f"{self.time:.1f} {self.what} {where} {self.type} {self.action} {details}".rstrip()


class Journal:
    """All entries, and the listeners for new ones."""

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
        """Add an entry with the current time."""
        entry = Entry(
            what, self._now(), account, region, stack, logical_id, type, action, dict(details)
        )
        with self._lock:
            self._entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def of(self, account: str, *what: str) -> list[Entry]:
        """Return an account's entries, of all kinds or of the named kinds."""
        with self._lock:
            return [
                entry
                for entry in self._entries
                if entry.account == account and (not what or entry.what in what)
            ]
