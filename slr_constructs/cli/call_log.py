"""The options `--log` and `--verbose`: report each call of a command."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.stderr import warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.account.calls import Call

_LOG = click.option(
    "--log",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    expose_value=False,
    callback=lambda context, _, path: _add(context, path and _File(context, path)),
    help="Append each API call to this file, as lines of JSON. Secrets are left out.",
)
_VERBOSE = click.option(
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, verbose: _add(context, _print if verbose else None),
    help="Print each API call to stderr, instead of the progress.",
)
_KEY = __name__


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    return _LOG(_VERBOSE(command))


def report_call(call: Call) -> None:
    """Report a call as the options of the command say. Safe to call from any thread."""
    for receive in _receivers:
        receive(call)


def is_verbose() -> bool:
    """Return whether each call is printed to stderr."""
    return _print in _receivers


#: of the command that runs: it may call from any thread, which has no context of click.
_receivers: list[Callable[[Call], None]] = []


def _add(context: click.Context, receive: Callable[[Call], None] | None) -> None:
    if receive is not None:
        _receivers.append(receive)
        context.call_on_close(lambda: _receivers.remove(receive))


def _as_json(call: Call) -> dict[str, Any]:
    time = f"{call.time:%Y-%m-%dT%H:%M:%S.%fZ}"
    return asdict(call) | {"time": time, "seconds": round(call.seconds, 3)}


def _print(call: Call) -> None:
    names = " ".join(call.parameters.values())
    what = f"{call.service} {call.operation} {names}".rstrip()
    place = f"{call.account} {call.region}".lstrip()
    warn(f"{call.time:%H:%M:%SZ} {place} {what}: {call.error or 'ok'} in {call.seconds:.1f} s")


class _File:
    """A file that every call is appended to.

    Raises:
        Refusal: The file cannot be opened.
    """

    def __init__(self, context: click.Context, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._failed = False
        try:
            # the names of your resources are for you only
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise Refusal(f"{path} cannot be written: {error.strerror}") from None
        context.call_on_close(self._close)

    def __call__(self, call: Call) -> None:
        """Append a call."""
        line = f"{json.dumps(_as_json(call))}\n".encode()
        with self._lock:
            if self._failed:
                return
            try:
                os.write(self._file, line)
            except OSError as error:
                # the work goes on: to stop it in the middle would be worse
                self._failed = True
                warn(f"{self._path} cannot be written: {error.strerror}")

    def _close(self) -> None:
        with self._lock:
            # an interrupted command leaves calls running
            self._failed = True
            os.close(self._file)
