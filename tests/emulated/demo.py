"""Deploy and destroy the sample app with the CDK command line, without an AWS account.

    python -m tests.emulated.demo

An emulator on loopback replaces AWS. `tests/emulated/__init__.py` lists which of its behaviour AWS
documents, and which is our model.
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

_NOTHING_LEFT = (
    "Nothing is left: no role, no feature, no function. The account still has the resources that"
    " the stacks retain (the recordings' bucket and MediaTailor's log groups), and the resources of"
    " cdk bootstrap."
)


def main() -> int:
    """Run the demo; return 0 if it succeeds."""
    _print("The live show, on an emulated AWS account. It needs no credentials and no network.\n")
    try:
        problems = _run()
    except CommandError as error:
        problems = [str(error)]
    _print(
        "\n".join(("The demo failed:", *problems))
        if problems
        else textwrap.fill(_NOTHING_LEFT, _width())
    )
    return 1 if problems else 0


def _run() -> list[str]:
    """Deploy and destroy. Return all problems."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        with _step("starting the emulator"):
            account = Account(ending.enter_context(emulator()), _ACCOUNT)
        # AWS does not document that IAM creates the role of IVS; users report that it does
        account.emulator.behaviour.creates_every_role = True
        cdk = CommandLine(account.emulator, _ACCOUNT, Path(folder))
        with _step("synthesizing the sample app (cdk synth)"):
            cdk.synth()
        journal = account.emulator.journal
        with _step("preparing the account (cdk bootstrap)", journal):
            cdk.bootstrap()
        before = left(account)

        def run(step: str, title: str) -> None:
            since, known = account.emulator.clock.now(), len(journal.of(_ACCOUNT))
            with _step(f"{step}ing five stacks (cdk {step} --all)", journal):
                getattr(cdk, step)()
            _print(f"\n{title} (simulated time)\n")
            _print(
                "\n".join(timeline(journal.of(_ACCOUNT)[known:], since=since, width=_width()))
                + "\n"
            )

        run("deploy", "Creation")
        run("destroy", "Teardown")
        return [*broken(journal.of(_ACCOUNT)), *sorted({*left(account)} - {*before})]


@contextmanager
def _step(what: str, journal: Journal | None = None) -> Iterator[None]:
    """Print a step and its duration, and its progress on a terminal."""
    terminal = sys.stdout.isatty()
    began = time.monotonic()
    reasons: list[str] = []

    def show(entry: Entry) -> None:
        if entry.what == "response":
            reasons.append(entry.details["reason"])
            progress = f"  {what} … {len(reasons)}: {reasons[-1]}"
            # a line that is too long could not be overwritten
            _print(f"\r\033[K{progress[: _width() - 1]}", end="")

    if terminal:
        _print(f"  {what} …", end="")
    if terminal and journal is not None:
        journal.listeners.append(show)
    try:
        yield
    finally:
        if terminal and journal is not None:
            journal.listeners.remove(show)
        seconds = time.monotonic() - began
        _print(f"{chr(13) + chr(27) + '[K' if terminal else ''}  {what:<48} {seconds:5.1f} s")


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _print(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - the output is the purpose of the demo


if __name__ == "__main__":
    sys.exit(main())
