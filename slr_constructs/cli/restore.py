"""`slr-constructs restore`: put back what a release has switched off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slr_constructs.cli.account_options import (
    PROFILE,
    ROLE_ARN,
    confirm,
    counted,
    interruptible,
    refusing,
    signed_in,
    warn,
)
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from slr_constructs.account.restore import Restore

_HEADER = ("region", "kind", "name", "to be on", "note")
_INDENT = "  "


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be put back, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "minutes",
    metavar="MINUTES",
    type=click.IntRange(0, 720),
    default=5,
    show_default=True,
    help="For how long to wait for what is busy.",
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
    """Put back what `slr-constructs release` has switched off, by its state file.

    The role is made again, with its description and tags; then what used it is switched on with
    the settings it had. What somebody has switched on since is left as it is. A recording
    configuration is made again, under another ARN, and its channels point at the new one: a stack
    that owned it does not know that.

    What was put back is written to the file, so the same command goes on if it is interrupted.

    Exit status: 0 all is back, 1 something is not, 2 nothing was done, 130 it was interrupted.
    """
    # here, for they load boto3
    from slr_constructs.account.access import AccountError  # noqa: PLC0415
    from slr_constructs.account.restore import Restore  # noqa: PLC0415
    from slr_constructs.account.state import State  # noqa: PLC0415
    from slr_constructs.cli.changes_report import say, so_far, sum_up  # noqa: PLC0415

    with interruptible(lambda: "nothing was changed"):
        with refusing():
            state = State.read(file)
        account = signed_in(profile, role_arn)
        with refusing():
            going_on = Restore(account, state, minutes * 60, say)
        if not going_on.needed:
            click.echo(f"{visible(str(file))} has nothing that is not back.")
            return
        _show(going_on)
        if dry_run:
            return
        confirm("restore", "restore", yes=yes)
    wanted = len(state.off)
    with interruptible(
        lambda: f"{so_far(going_on.changes, 'are on', wanted)}; the same command goes on"
    ):
        try:
            every = going_on.run()
        except AccountError as error:
            # too late to refuse anything
            warn(str(error))
            every = False
        sum_up(going_on.changes, "put back", wanted)
    context.exit(0 if every else 1)


def _show(going_on: Restore) -> None:
    from slr_constructs.cli.changes_report import rows_of  # noqa: PLC0415 - it loads boto3
    from slr_constructs.cli.columns import Columns  # noqa: PLC0415 - beside the other

    things = [thing for stage in going_on.stages for thing in stage]
    click.echo(f"Restore of {going_on.definition.role_name} in account {going_on.account.id}")
    if going_on.state.role is not None:
        click.echo(f"\n{_INDENT}the role, with its description and tags, if it is not there")
    if things:
        click.echo(f"\nSwitched on, {counted(len(things), 'thing')}, in this order:\n")
        notes = ["under another ARN" if thing.kind.deleted else "" for thing in things]
        Columns(_HEADER, rows_of(things, notes), indent=_INDENT).print()
    click.echo()
