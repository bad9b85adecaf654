"""Run commands on a pseudo terminal, and in a process of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from slr_constructs.cli.command_line import slr_constructs
from tests.fake_services.server import environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

COLUMNS = 80
_SECONDS = 60
_CONTROLS = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z]|[\r\n])")


class Terminal:
    """A pseudo terminal that records its output."""

    def __init__(self, columns: int = COLUMNS) -> None:
        self._master, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._written = bytearray()
        self._answers: dict[bytes, str] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Open the terminal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the terminal."""
        self.close()
        os.close(self._master)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def answer(self, question: str, text: str) -> None:
        """Type a text when a question has been written."""
        self._answers[question.encode()] = text

    def wait_for(self, text: str) -> None:
        """Wait until a text has been written."""
        end = time.monotonic() + _SECONDS
        while text.encode() not in self._written:
            assert time.monotonic() < end, self._written
            time.sleep(0.01)

    def close(self) -> str:
        """Close the terminal and return everything that was written."""
        if self.end >= 0:
            os.close(self.end)
            self.end = -1
        self._thread.join(_SECONDS)
        return self._written.decode().replace("\r\n", "\n")

    def _read(self) -> None:
        while True:
            try:
                more = os.read(self._master, 65_536)
            except OSError:
                return
            if not more:
                return
            self._written += more
            for question in [each for each in self._answers if each in self._written]:
                self.type(self._answers.pop(question))


def call_here(terminal: Terminal, arguments: Iterable[object]) -> int:
    """Run a command in this process with a terminal for all streams; return its exit status."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as streams:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = streams.enter_context(open(terminal.end, mode, closefd=False))
            patch.setattr(sys, name, stream)
        # rich would use the size of the streams that Python started with
        patch.setenv("COLUMNS", str(COLUMNS))
        if os.environ.get("TERM") != "dumb":
            patch.setenv("TERM", "xterm-256color")
        for name in ("FORCE_COLOR", "NO_COLOR"):
            patch.delenv(name, raising=False)
        with pytest.raises(SystemExit) as ended:
            slr_constructs([*map(str, arguments)], prog_name="slr-constructs")
    assert isinstance(ended.value.code, int)
    return ended.value.code


def text(written: str) -> str:
    """Return the final content of a terminal, without colors and trailing spaces."""
    lines, row = [""], 0
    for part in _CONTROLS.split(written):
        match part[:1], part[-1:]:
            case "\n", _:
                row += 1
                lines += [""] * (row == len(lines))
            case "\x1b", "A":
                row -= int(part[2:-1])
            case "\x1b", "K":
                lines[row] = ""
            case "\x1b", _:
                # colors, and commands that hide and show the cursor
                pass
            case "\r", _:
                # rich erases the lines that it overwrites
                pass
            case _:
                lines[row] += part
    return "".join(f"{line.rstrip()}\n" for line in lines).rstrip("\n") + "\n"


def call(
    url: str,
    arguments: Iterable[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own.

    Args:
        url: The URL of the fake AWS.

        arguments: The command and its arguments.

        stdin: A file descriptor, for example of a terminal.
            Default: empty.

        stdout: A file descriptor, for example of a terminal.
            Default: a pipe.

        stderr: A file descriptor, for example of a terminal.
            Default: a pipe.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        kept.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", "slr_constructs.cli", *arguments],
        env=kept | environment(url) | {"TERM": "xterm-256color"},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )
