"""The commands of `make test-aws` and `make probe-aws`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from slr_constructs.account.interruption import held, signals_interrupt
from slr_constructs.cli import INTERRUPTED
from tests.integ import verified
from tests.integ.deployed import sweep
from tests.integ.experiments import ALL
from tests.integ.opened import Opened
from tests.integ.probe import RESULTS, problems, run, write
from tests.integ.sandbox import confirm, open_sandbox, refuse_if_in_use
from tests.integ.stacks import STACKS

if TYPE_CHECKING:
    from tests.integ.experiment import Experiment
    from tests.integ.sandbox import Sandbox

_TESTS = Path(__file__).parent
#: by AWS's price lists, these are not free, or not in every amount.
_BILLED = "Kinesis streams, a KMS key, Lambda, CloudWatch Logs and S3"
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def integ() -> None:
    """Prove on a real AWS account how slr-constructs works."""


@integ.command("test")
@_yes
@click.option("--only", default="", help="Run only the tests that match an expression of pytest.")
def test_command(*, yes: bool, only: str) -> None:
    """Deploy and destroy one stack for each feature, and the sample app."""
    sandbox = open_sandbox()
    click.echo(
        f"This deploys and destroys {len(STACKS)} stacks in {sandbox.place}. It takes about 40"
        f" minutes (an estimate). AWS bills: {_BILLED}. The account must be prepared with `cdk"
        " bootstrap`."
    )
    refuse_if_in_use(sandbox, bootstrapped=True)
    confirm(sandbox, "deploy and destroy the stacks", yes=yes)
    try:
        with signals_interrupt():
            status, left = _test(sandbox, only)
    except KeyboardInterrupt:
        # it came during the last clean-up
        status, left = pytest.ExitCode.INTERRUPTED, []
    for each in left:
        click.echo(f"left in the account: {each}", err=True)
    if status == pytest.ExitCode.INTERRUPTED:
        done = "interrupted" if left else "interrupted. The stacks of the tests were destroyed"
        click.echo(done, err=True)
        sys.exit(INTERRUPTED)
    sys.exit(bool(status or left))


def _test(sandbox: Sandbox, only: str) -> tuple[int, list[str]]:
    """Run the tests, then delete the stacks that exist; return the status and what is left."""
    # one after the other, because all stacks share the roles
    options = ["-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider", "-k", only]
    try:
        status = int(pytest.main([str(_TESTS), *options], plugins=[Opened(sandbox)]))
    finally:
        with held():
            left = sweep(sandbox)
    return status, left


@integ.command("probe")
@_yes
@click.option("--only", multiple=True, type=click.Choice([each.id for each in ALL]))
def probe_command(*, yes: bool, only: tuple[str, ...]) -> None:
    """Ask AWS the questions that no AWS page answers."""
    experiments = [each for each in ALL if each.id in (only or {each.id for each in ALL})]
    sandbox = open_sandbox()
    click.echo(
        f"This runs {len(experiments)} experiments in {sandbox.place}. It takes one to two hours"
        f" (an estimate). AWS bills: {_BILLED}."
    )
    refuse_if_in_use(sandbox, bootstrapped=False)
    confirm(sandbox, "run the experiments", yes=yes)
    try:
        with signals_interrupt():
            found = _probe(sandbox, experiments)
    except KeyboardInterrupt:
        click.echo("interrupted. The clean-up of the last experiment is done", err=True)
        sys.exit(INTERRUPTED)
    for each in found:
        click.echo(f"failed: {each}", err=True)
    sys.exit(bool(found))


def _probe(sandbox: Sandbox, experiments: list[Experiment]) -> list[str]:
    result = run(sandbox, experiments, click.echo)
    complete = len(experiments) == len(ALL) and not result.emulated
    # a result of some experiments would hide the answers of the others
    folder = RESULTS if complete else Path(tempfile.mkdtemp(prefix="slr-probe-"))
    click.echo(f"written to {write(result, folder)}")
    if complete:
        verified.PAGE.write_text(verified.page(RESULTS), encoding="utf-8")
        click.echo(f"written to {verified.PAGE}")
    if result.emulated:
        click.echo("EMULATED: these answers are those of an emulator, not of AWS.")
    return problems(result, experiments)


if __name__ == "__main__":
    integ(prog_name="python -m tests.integ")
