"""`slr-constructs restore`: undo a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.account_options import (
    PROFILE,
    ROLE_ARN,
    confirm,
    interruptible,
    refuse_on_account_error,
    signed_in,
    warn,
)
from slr_constructs.cli.output import counted
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from slr_constructs.account.restore import Restore

_HEADER = ("region", "kind", "name", "configuration", "note")
_INDENT = "  "


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--wait",
    "minutes",
    metavar="MINUTES",
    type=click.IntRange(0, 720),
    default=5,
    show_default=True,
    help="Wait at most this long for busy resources.",
)
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
    # imported here because they import boto3
    from slr_constructs.account.access import AccountError  # noqa: PLC0415
    from slr_constructs.account.restore import Restore  # noqa: PLC0415
    from slr_constructs.account.state import State  # noqa: PLC0415
    from slr_constructs.cli.changes_report import (  # noqa: PLC0415
        print_event,
        print_summary,
        progress_text,
    )

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
        try:
            complete = operation.run()
        except AccountError as error:
            # changes were already made, so this is not a Refusal
            warn(str(error))
            complete = False
        print_summary(operation.changes, "restored", total)
    context.exit(0 if complete else 1)


def _show(operation: Restore) -> None:
    from slr_constructs.cli.changes_report import rows_of  # noqa: PLC0415 - imports boto3
    from slr_constructs.cli.columns import Columns  # noqa: PLC0415 - only needed here

    targets = [target for stage in operation.stages for target in stage]
    click.echo(f"Restore of {operation.definition.role_name} in account {operation.account.id}")
    if operation.state.role is not None:
        click.echo(f"\n{_INDENT}the role with its description and tags, if it does not exist")
    if targets:
        click.echo(f"\nEnables {counted(len(targets), 'usage')} in this order:\n")
        notes = [
            "under a new ARN" if target.kind.disabled_by_deletion else "" for target in targets
        ]
        Columns(_HEADER, rows_of(targets, notes), indent=_INDENT).print()
    click.echo()
