"""Interruptions end a command only where it leaves nothing half done.

Ctrl-C, SIGTERM and SIGHUP are the same. The first one raises KeyboardInterrupt in the main thread,
or later if the work is held. All others are ignored, so that they do not stop the clean-up.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slr_constructs.handler.slr_handler.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Windows has no SIGHUP.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@dataclass(slots=True)
class _Interruption:
    held: bool = False
    requested: bool = False
    raised: bool = False

    def raise_if_requested(self) -> None:
        if self.requested and not self.held and not self.raised:
            self.raised = True
            raise KeyboardInterrupt


#: signals are of the process.
_current = _Interruption()


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let signals interrupt the command until the block ends, except those that are ignored."""
    global _current  # noqa: PLW0603 - each command starts without an interruption
    _current = _Interruption()
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    # `nohup` ignores SIGHUP, and shells ignore SIGINT for background jobs
    handlers = {
        each: handler for each, handler in before.items() if handler not in (None, signal.SIG_IGN)
    }
    for each in handlers:
        signal.signal(each, lambda *_: interrupt())
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def interrupt() -> None:
    """Interrupt the command.

    Raises:
        KeyboardInterrupt: The work is not held. Otherwise, it is raised later.
    """
    _current.requested = True
    _current.raise_if_requested()


@contextmanager
def held() -> Iterator[None]:
    """Hold interruptions until the block ends, or until a wait of an `InterruptibleClock`.

    Raises:
        KeyboardInterrupt: The command was interrupted in the meantime.
    """
    _current.held = True
    try:
        yield
    finally:
        _current.held = False
    _current.raise_if_requested()


class InterruptibleClock(Clock):
    """A clock whose waits can be interrupted although the work is held."""

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            KeyboardInterrupt: The command was interrupted.
            OutOfTimeError: The time ends before the wait.
        """
        before, _current.held = _current.held, False
        try:
            _current.raise_if_requested()
            super().wait(seconds)
        finally:
            _current.held = before
