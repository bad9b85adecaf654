"""`slr-constructs restore`: undo a release.

boto3 is imported when the command runs, so that `--help` starts without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.account_options import (
    DRY_RUN,
    PROFILE,
    ROLE_ARN,
    YES,
    refuse_on_account_error,
    signed_in,
    wait_option,
)
from slr_constructs.cli.output import write_lines
from slr_constructs.cli.progress import interruptible
from slr_constructs.cli.prompts import confirm
from slr_constructs.templates.words import counted, visible

if TYPE_CHECKING:
    from slr_constructs.account.restore import Restore


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@DRY_RUN
@YES
@wait_option(5, "Wait at most this long for busy resources.")
@PROFILE
@ROLE_ARN
@click.pass_context
def restore(
    context: click.Context,
    file: Path,
    *,
    dry_run: bool,
    yes: bool,
    minutes: int,
    profile: str | None,
    role_arn: str | None,
) -> None:
    """Undo a release: create the role again and restore its usages.

    FILE is the state file of `slr-constructs release`. The command creates the role with its
    previous description and tags, and then enables each usage with its previous settings. It does
    not change what was enabled again since the release. A recording configuration is created under
    a new ARN, and its channels are changed to the new one. A stack that owned the old one does not
    know the new ARN.

    The command records in the file what it restored. After an interruption, run the same command
    again to continue.

    Exit status: 0 everything was restored, 1 only a part, 2 nothing was done, 130 interrupted.
    """
    from slr_constructs.account.restore import Restore  # noqa: PLC0415
    from slr_constructs.account.state import State  # noqa: PLC0415
    from slr_constructs.cli.changes_report import print_event, progress_text, run  # noqa: PLC0415

    with interruptible(lambda: "nothing was changed"):
        with refuse_on_account_error():
            state = State.read(file)
        account = signed_in(profile, role_arn)
        with refuse_on_account_error():
            operation = Restore(account, state, minutes * 60, print_event)
        if not operation.needed:
            click.echo(f"Everything in {visible(str(file))} was already restored.")
            return
        _show(operation)
        if dry_run:
            return
        confirm("restore", "restore", yes=yes)
    total = len(state.disabled)
    with interruptible(
        lambda: (
            f"{progress_text(operation.changes, 'restored', total)}. Run the same command again to"
            " continue"
        )
    ):
        complete = run(operation, "restored", total)
    context.exit(0 if complete else 1)


def _show(operation: Restore) -> None:
    from slr_constructs.cli.usage_table import usage_table  # noqa: PLC0415

    targets = [target for stage in operation.stages for target in stage]
    click.echo(f"Restore of {operation.definition.role_name} in account {operation.account.id}")
    if operation.state.role is not None:
        click.echo("\n  the role with its description and tags, if it does not exist")
    if targets:
        click.echo(f"\nEnables {counted(len(targets), 'usage')} in this order:\n")
        notes = [
            "under a new ARN" if target.kind.disabled_by_deletion else "" for target in targets
        ]
        write_lines(None, [usage_table(targets, notes)])
    click.echo()
