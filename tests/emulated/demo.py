"""Deploy and destroy the sample app with the CDK command line, without an AWS account.

    python -m tests.emulated.demo

Then deploy a small stack that fails on purpose: CloudFormation cancels the creation of its role,
and rolls the stack back.

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

from aws_cdk import App, CfnCreationPolicy, CfnResourceSignal, CfnWaitCondition, Stack
from aws_cdk.aws_chime import CfnVoiceConnector

from slr_constructs import VoiceConnectorStreaming
from tests.cdk_command_line import CommandError, on_emulator
from tests.emulated.emulator.server import emulator
from tests.emulated.stacks import Account
from tests.emulated.timeline import timeline
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cdk_command_line import CommandLine
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
        cdk = on_emulator(account.emulator, _ACCOUNT, Path(folder))
        with _step("synthesizing the sample app (cdk synth)"):
            cdk.synth()
        journal = account.emulator.journal
        with _step("preparing the account (cdk bootstrap)", journal):
            cdk.bootstrap()
        before = left(account)

        @contextmanager
        def shown(step: str, title: str) -> Iterator[None]:
            since, known = account.emulator.clock.now(), len(journal.of(_ACCOUNT))
            with _step(step, journal):
                yield
            _print(f"\n{title} (simulated time)\n")
            _print(
                "\n".join(timeline(journal.of(_ACCOUNT)[known:], since=since, width=_width()))
                + "\n"
            )

        with shown("deploying five stacks (cdk deploy --all)", "Creation"):
            cdk.deploy()
        with shown("destroying five stacks (cdk destroy --all)", "Teardown"):
            cdk.destroy()
        failing = on_emulator(account.emulator, _ACCOUNT, _failing_app(Path(folder) / "failing"))
        with shown("deploying a stack that fails (cdk deploy)", "Failure and rollback"):
            _fail(failing, journal)
        with _step("destroying what is left of it (cdk destroy)", journal):
            failing.destroy()
        return [*broken(journal.of(_ACCOUNT)), *sorted({*left(account)} - {*before})]


def _failing_app(folder: Path) -> Path:
    """Synthesize an app whose stack fails while the function creates the role.

    Its wait condition never receives a signal.
    """
    app = App(outdir=str(folder / "cdk.out"))
    stack = Stack(app, "LiveShowRehearsal", description="Fails on purpose")
    VoiceConnectorStreaming(
        stack,
        "Streaming",
        voice_connector=CfnVoiceConnector(
            stack, "Rehearsal", name="rehearsal", require_encryption=True
        ),
    )
    signal = CfnResourceSignal(count=1, timeout="PT8S")
    never_ready = CfnWaitCondition(stack, "NeverReady")
    never_ready.cfn_options.creation_policy = CfnCreationPolicy(resource_signal=signal)
    app.synth()
    return folder


def _fail(failing: CommandLine, journal: Journal) -> None:
    """Deploy the stack that fails, and check that CloudFormation cancelled a resource."""
    try:
        failing.deploy()
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


def _print(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201 - the output is the purpose of the demo


if __name__ == "__main__":
    sys.exit(main())
