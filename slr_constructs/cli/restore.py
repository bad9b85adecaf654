"""`slr-constructs restore`: undo a release.

boto3 is imported when the command runs, so that `--help` starts without it.
"""

from __future__ import annotations

import json
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
from slr_constructs.cli.arguments import check_output
from slr_constructs.cli.call_log import log_options
from slr_constructs.cli.output import BLANK, heading, line
from slr_constructs.cli.progress import interruptible
from slr_constructs.cli.prompts import confirm
from slr_constructs.templates.words import counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.account.state import State
    from slr_constructs.cli.output import Line

_INDENT = "  "


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@DRY_RUN
@click.option(
    "--check", is_flag=True, help="Check FILE, and do nothing else. This needs no credentials."
)
@YES
@wait_option(5, "Wait at most this long for busy resources.")
@PROFILE
@ROLE_ARN
@log_options
@click.pass_context
def restore(
    context: click.Context,
    file: Path,
    *,
    dry_run: bool,
    check: bool,
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

    The plan shows all settings and tags that the file contains. Lines that cannot be read are
    skipped and reported. --check only reads the file.

    The command records in the file what it restored. After an interruption, run the same command
    again to continue.

    Exit status: 0 everything was restored, 1 only a part, or lines were skipped, 2 nothing was
    done, 130 interrupted.
    """
    from slr_constructs.account.restore import Restore  # noqa: PLC0415
    from slr_constructs.account.state import State, locked  # noqa: PLC0415
    from slr_constructs.cli.changes_report import (  # noqa: PLC0415
        print_event,
        print_lines,
        progress_text,
        report_damage,
        run,
    )

    with interruptible(lambda: "nothing was changed"):
        with refuse_on_account_error():
            if not (dry_run or check):
                check_output(file)
                context.with_resource(locked(file))
            state = State.read(file)
        report_damage(state)
        if check:
            print_lines(_lines(state))
            print_lines([BLANK])
            context.exit(1 if state.damaged else 0)
        account = signed_in(profile, role_arn)
        with refuse_on_account_error():
            operation = Restore(account, state, minutes * 60, print_event)
        if not operation.needed:
            click.echo(f"Everything in {visible(str(file))} was already restored.")
            context.exit(1 if state.damaged else 0)
        print_lines(_lines(state))
        print_lines([BLANK])
        if dry_run:
            context.exit(1 if state.damaged else 0)
        confirm("restore", "restore", yes=yes)
    total = len(state.disabled)
    with interruptible(
        lambda: (
            f"{progress_text(operation, 'restored', total)}. Run the same command again to continue"
        )
    ):
        complete = run(operation, "restored", total)
    context.exit(0 if complete and not state.damaged else 1)


def _lines(state: State) -> Iterator[Line]:
    """Yield everything that the file can change."""
    from slr_constructs.cli.usage_table import usage_table  # noqa: PLC0415

    yield line(f"Restore of {state.role_name} in account {state.account}")
    if state.role is not None:
        yield from heading("Restores the role with:")
        yield line(f"description {state.role['description']}", _INDENT)
        for key, value in sorted(state.tags.items()):
            yield line(f"tag {key} = {value}", _INDENT)
    targets = [target for stage in state.stages for target in stage]
    if targets:
        yield from heading(f"Enables {counted(len(targets), 'usage')} in this order:")
        notes = [
            "under a new ARN" if target.kind.disabled_by_deletion else "" for target in targets
        ]
        yield usage_table(targets, notes)
        yield from heading("Their settings:")
        for each in targets:
            settings = json.dumps(each.settings, ensure_ascii=False, sort_keys=True)
            yield line(f"{each.region} {each.kind.name} {each.id}: {settings}", _INDENT)
