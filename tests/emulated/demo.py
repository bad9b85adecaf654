"""Deploy and destroy the sample app with the CDK command line, without an AWS account.

    python -m tests.emulated.demo

One of two stacks that share a role is deployed and destroyed before the other. Then deploy a small
stack that fails on purpose: CloudFormation cancels the creation of its role, and rolls the stack
back.

An emulator on loopback replaces AWS. `tests/emulated/__init__.py` lists which of its behaviour AWS
documents, and which is our model.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slr_constructs.templates.app import App
from slr_constructs.templates.words import listed
from tests.cdk_command_line import CommandError, on_emulator
from tests.emulated.demo_app import FAILING
from tests.emulated.emulator.server import emulator
from tests.emulated.history import History, name_of
from tests.emulated.stacks import Account
from tests.emulated.timeline import (
    features_table,
    heading,
    left_in_words,
    roles_table,
    timeline,
    wrapped,
)
from tests.emulated.verdict import broken, left, retained

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.cdk_command_line import CommandLine
    from tests.emulated.journal import Entry, Journal

_ACCOUNT = "111122223333"
_REGION = "us-east-1"
_WIDEST = 100
#: the stack that is deployed and destroyed before the others; it shares a role with one of them.
_FIRST = "LiveShowBroadcast"

_INTRODUCTION = (
    "The live show on an emulated AWS account. It needs no credentials and no network.",
    "The times of the commands are real.",
    "All other times are simulated: minutes and seconds since the work on a stack began.",
    "An owner is the resource that a feature is configured on.",
)


def main() -> int:
    """Run the demo; return 0 if it succeeds."""
    for each in _INTRODUCTION:
        _print("\n".join(wrapped(each, _width())))
    _print("")
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
            problems = _Demo(Path(folder), ending).run()
    except CommandError as error:
        problems = [str(error)]
    if problems:
        _print("\n".join(("The demo failed:", *problems)))
    return 1 if problems else 0


class _Demo:
    def __init__(self, folder: Path, ending: ExitStack) -> None:
        with _step("starting the emulator"):
            self._account = Account(ending.enter_context(emulator()), _ACCOUNT)
        # AWS does not document that IAM creates the role of IVS; users report that it does
        self._account.emulator.behaviour.creates_every_role = True
        self._journal = self._account.emulator.journal
        self._assembly = folder / "cdk.out"
        self._cdk = on_emulator(
            self._account.emulator, _ACCOUNT, folder, app="tests.emulated.demo_app"
        )

    def run(self) -> list[str]:
        """Deploy and destroy. Return all problems."""
        cdk, account = self._cdk, self._account
        with (
            _step("cdk synth, and cdk bootstrap at the same time", self._journal),
            # neither needs the other, and each uses one core
            ThreadPoolExecutor() as pool,
        ):
            for done in (pool.submit(cdk.synth), pool.submit(cdk.bootstrap)):
                done.result()
        app = App.read([self._assembly])
        self._history = History(app)
        before, kept_before = {*left(account)}, {*retained(account)}
        others = [name for name in app.stacks if name not in {_FIRST, FAILING}]

        with self._shown(f"cdk deploy {_FIRST}", f"Creation of {_FIRST}"):
            cdk.deploy(_FIRST)
        together = f"the other {len(others)} stacks"
        with self._shown(f"cdk deploy, {together}", f"Creation of {together}"):
            cdk.deploy(*others)
        names = self._names(app, (_FIRST, *others))
        with self._shown(f"cdk destroy {_FIRST}", f"Deletion of {_FIRST}"):
            cdk.destroy(_FIRST)
        with self._shown(f"cdk destroy, {together}", f"Deletion of {together}"):
            cdk.destroy(*others)
        kept = [names.get(each, each) for each in retained(account) if each not in kept_before]
        with self._shown(f"cdk deploy {FAILING}", "Failure and rollback"):
            _fail(cdk, self._journal)
        remains = [each for each in left(account) if each not in before]
        _print_text(f"{FAILING} is {self._status(FAILING)}.")
        _print_text(f"Left by the rollback: {left_in_words(remains)}\n")
        with _step(f"cdk destroy {FAILING}", self._journal):
            cdk.destroy(FAILING)
        remains = [each for each in left(account) if each not in before]
        self._print_summary(remains, kept)
        return [*broken(self._journal.of(_ACCOUNT)), *sorted(remains)]

    @contextmanager
    def _shown(self, command: str, title: str) -> Iterator[None]:
        """Print the duration of a command, and then what happened in the account."""
        known = len(self._journal.of(_ACCOUNT))
        with _step(command, self._journal):
            yield
        events = self._history.add(self._journal.of(_ACCOUNT)[known:])
        _print(heading(title))
        _print("\n".join(timeline(events, width=_width())) + "\n")

    def _print_summary(self, remains: Collection[str], kept: Collection[str]) -> None:
        _print(heading("Summary"))
        for table in (
            roles_table(self._history.roles, width=_width()),
            features_table(self._history.features, width=_width()),
        ):
            _print("\n".join(table) + "\n")
        _print_text(f"Left in the account: {left_in_words(remains)}")
        _print_text(
            f"Retained, as the stacks declare: {listed(kept) if kept else 'nothing'}."
            " The resources of cdk bootstrap stay too."
        )

    def _status(self, stack: str) -> str:
        client = self._account.emulator.client("cloudformation", _ACCOUNT, _REGION)
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
        return str(found["StackStatus"])

    def _names(self, app: App, stacks: Collection[str]) -> dict[str, str]:
        """Return the names of the constructs in deployed stacks, by physical id."""
        client = self._account.emulator.client("cloudformation", _ACCOUNT, _REGION)
        return {
            found["PhysicalResourceId"]: f"{stack}/{name_of(app.stacks[stack], logical_id)}"
            for stack in stacks
            for found in client.describe_stack_resources(StackName=stack)["StackResources"]
            if (logical_id := found["LogicalResourceId"]) in app.stacks[stack].resources
        }


def _fail(cdk: CommandLine, journal: Journal) -> None:
    """Deploy the stack that fails, and check that CloudFormation cancelled a resource."""
    try:
        cdk.deploy(FAILING)
    except CommandError:
        if not journal.of(_ACCOUNT, "cancelled"):
            raise
    else:
        raise CommandError("the stack that fails on purpose was deployed")


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


def _print_text(text: str) -> None:
    _print("\n".join("\n".join(wrapped(line, _width())) for line in text.split("\n")))


def _print(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - the output is the purpose of the demo


if __name__ == "__main__":
    sys.exit(main())
