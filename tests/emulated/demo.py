"""The sample app, deployed with the CDK command line and torn down, without an AWS account.

    python -m tests.emulated.demo

Where AWS would be there is an emulator on loopback; what in it is our model of AWS, and not AWS's
word, is said in `tests/emulated/__init__.py`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import textwrap
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.emulated.command_line import CommandError, CommandLine
from tests.emulated.emulator.server import emulator
from tests.emulated.stacks import Account
from tests.emulated.timeline import timeline
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulated.emulator.journal import Entry, Journal

_ACCOUNT = "111122223333"
_WIDEST = 110

_NOTHING = (
    "Nothing is left: no role, no feature, no function. What stays is what the stacks were told to"
    " keep (the recordings' bucket and MediaTailor's log groups), and what cdk bootstrap made."
)


def main() -> int:
    """Play it; return 0 if everything went as it should."""
    _say("The live show, on an emulated AWS account. No credentials, no network but loopback.\n")
    try:
        wrong = _play()
    except CommandError as error:
        wrong = [str(error)]
    _say("\n".join(("This should not be:", *wrong)) if wrong else textwrap.fill(_NOTHING, _width()))
    return 1 if wrong else 0


def _play() -> list[str]:
    """Deploy and destroy. Return what is not as it should be."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        with _step("starting the emulator"):
            account = Account(ending.enter_context(emulator()), _ACCOUNT)
        # no document says that IAM makes the role of IVS; those who tried say that it does
        account.emulator.behaviour.makes_every_role = True
        cdk = CommandLine(account.emulator, _ACCOUNT, Path(folder))
        with _step("synthesizing the sample app (cdk synth)"):
            cdk.synth()
        journal = account.emulator.journal
        with _step("preparing the account (cdk bootstrap)", journal):
            cdk.bootstrap()
        before = left(account)

        def play(step: str, title: str) -> None:
            since, known = account.emulator.clock.now(), len(journal.of(_ACCOUNT))
            with _step(f"{step}ing five stacks (cdk {step} --all)", journal):
                getattr(cdk, step)()
            _say(
                f"\n{title}, in the account's own minutes and seconds: nobody here waits for them\n"
            )
            _say(
                "\n".join(timeline(journal.of(_ACCOUNT)[known:], since=since, width=_width()))
                + "\n"
            )

        play("deploy", "Creation")
        play("destroy", "Teardown")
        return [*broken(journal.of(_ACCOUNT)), *sorted({*left(account)} - {*before})]


@contextmanager
def _step(what: str, journal: Journal | None = None) -> Iterator[None]:
    """Say what is done, on a terminal how far it is, and how long it took."""
    terminal = sys.stdout.isatty()
    began = time.monotonic()
    told: list[str] = []

    def tell(entry: Entry) -> None:
        if entry.what == "answer":
            told.append(entry.details["reason"])
            far = f"  {what} … {len(told)}: {told[-1]}"
            # a line that does not fit would stay when it is overwritten
            _say(f"\r\033[K{far[: _width() - 1]}", end="")

    if terminal:
        _say(f"  {what} …", end="")
    if terminal and journal is not None:
        journal.listeners.append(tell)
    try:
        yield
    finally:
        if terminal and journal is not None:
            journal.listeners.remove(tell)
        seconds = time.monotonic() - began
        _say(f"{chr(13) + chr(27) + '[K' if terminal else ''}  {what:<48} {seconds:5.1f} s")


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _say(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - what it says is what it is for


if __name__ == "__main__":
    sys.exit(main())
