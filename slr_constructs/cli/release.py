"""`slr-constructs release`: let go of a role, and of all that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from slr_constructs.cli.account_options import (
    PROFILE,
    ROLE_ARN,
    Watch,
    check_output,
    confirm,
    counted,
    interruptible,
    lists_read,
    refusing,
    say_failures,
    say_notes,
    signed_in,
    warn,
)
from slr_constructs.cli.output import write_lines
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.roles import ROLES, complete, short_name_of
from slr_constructs.templates.words import listed, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slr_constructs.account.release import Plan
    from slr_constructs.account.roles import Lease
    from slr_constructs.account.state import State

_HEADER = ("region", "kind", "name", "on", "stack")
_INDENT = "  "
_NOT_TOLD = "-"


@click.command()
@click.argument("role", shell_complete=complete)
@click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--delete-recording-configurations",
    is_flag=True,
    help="Delete IVS recording configurations: they cannot be switched off.",
)
@click.option(
    "--despite-stack",
    "stacks",
    metavar="NAME",
    multiple=True,
    help="A stack, by name or id, that may lose the role although it is there. Repeat it for more.",
)
@click.option("--despite-unread", is_flag=True, help="Go on although not everything could be read.")
@click.option(
    "--state",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write what was on.  [default: release-ROLE-ACCOUNT.jsonl]",
)
@click.option(
    "--wait",
    "minutes",
    metavar="MINUTES",
    type=click.IntRange(0, 720),
    default=15,
    show_default=True,
    help="For how long to wait for what is busy, and for IAM.",
)
@PROFILE
@ROLE_ARN
@click.pass_context
def release(
    context: click.Context,
    role: str,
    *,
    dry_run: bool,
    yes: bool,
    delete_recording_configurations: bool,
    stacks: tuple[str, ...],
    despite_unread: bool,
    path: Path | None,
    minutes: int,
    profile: str | None,
    role_arn: str | None,
) -> None:
    """Switch off all that uses a role, in every region, and delete the role.

    Shows the plan first: what is switched off and where, what that means, and what stands against
    it. Then it asks, and does it in the order of AWS's documents. What is busy, such as a live
    channel, is tried again. IAM has the last word: it does not delete a role that is in use.

    The role stays while an existing stack holds it, unless --despite-stack names the stack. Better
    delete the stack: it lets go of the role by itself.

    Before each change the state file says what was on, and with which settings;
    `slr-constructs restore FILE` puts it back. Interrupted at any point, the same command goes on.

    Exit status: 0 the role is gone, 1 it is not, 2 nothing was done, 130 it was interrupted.

    \b
      slr-constructs release mediatailor --dry-run
      slr-constructs release ivs --delete-recording-configurations
    """  # noqa: D301 - click reads \b
    # here, for they load boto3
    from slr_constructs.account.access import AccountError  # noqa: PLC0415
    from slr_constructs.account.audit import Progress  # noqa: PLC0415
    from slr_constructs.account.release import Allowed, Release, plan_release  # noqa: PLC0415
    from slr_constructs.account.state import State  # noqa: PLC0415
    from slr_constructs.cli.changes_report import say, so_far, sum_up  # noqa: PLC0415

    definition = ROLES[short_name_of(role)]
    allowed = Allowed(delete_recording_configurations, stacks, despite_unread)
    progress = Progress()
    with interruptible(lambda: f"{lists_read(progress)}, and nothing was changed"):
        account = signed_in(profile, role_arn)
        with Watch(progress):
            plan = plan_release(account, definition, allowed, progress=progress)
        if not plan.needed:
            say_failures(plan.audit.failures)
            click.echo(f"{definition.role_name} is not there, and nothing known uses it.")
            context.exit(1 if plan.unread else 0)
        state_path = path or Path(f"release-{definition.role_name}-{account.id}.jsonl")
        with refusing():
            state = State.open(state_path, account, definition)
        _check_names(plan, state)
        _show(plan, state, minutes)
        say_notes(plan.audit)
        say_failures(plan.audit.failures)
        if dry_run:
            context.exit(0 if plan.possible else 1)
        if not plan.possible:
            raise Refusal(f"{definition.role_name} was not touched: see what stands against it")
        check_output(state_path)
        confirm(definition.role_name, "release", yes=yes)
    going_on = Release(plan, state, minutes * 60, say)
    wanted = len(plan.users)
    with interruptible(lambda: f"{so_far(going_on.changes, 'are off', wanted)}. {_again(state)}"):
        try:
            gone = going_on.run()
        except AccountError as error:
            # too late to refuse anything
            warn(str(error))
            gone = False
        sum_up(going_on.changes, "switched off", wanted)
        click.echo(_again(state) if not gone else _back(state))
    context.exit(0 if gone else 1)


def _check_names(plan: Plan, state: State) -> None:
    from slr_constructs.account.stacks import name_of  # noqa: PLC0415 - it loads boto3

    # those of a release that was killed, too: the same command goes on
    stacks = {*(each.stack for each in plan.report.leases), *state.leases.values()}
    holders = stacks | {name_of(each) for each in stacks}
    for name in plan.allowed.stacks if plan.report.role is not None else ():
        if name not in holders:
            raise Refusal(
                f"--despite-stack takes a stack that holds {plan.definition.role_name},"
                f" got {name!r}"
            )


def _show(plan: Plan, state: State, minutes: int) -> None:
    from slr_constructs.account.stacks import name_of  # noqa: PLC0415 - it loads boto3
    from slr_constructs.cli.changes_report import rows_of  # noqa: PLC0415 - it loads boto3
    from slr_constructs.cli.columns import Columns  # noqa: PLC0415 - beside the others

    users = [thing for stage in plan.stages for thing in stage]
    _say(f"Release of {plan.definition.role_name} in account {plan.account.id}")
    if users:
        _say("", f"Switched off, {counted(len(users), 'thing')}, in this order:", "")
        stacks = [_NOT_TOLD if thing.stack is None else name_of(thing.stack) for thing in users]
        Columns(_HEADER, rows_of(users, stacks), indent=_INDENT).print()
        _say("", "What that means, for each:", "")
        kinds = dict.fromkeys(thing.kind for thing in users)
        _list(f"{kind.name}: {kind.loss}" for kind in kinds)
        owners = sorted({name_of(thing.stack) for thing in users if thing.stack is not None})
        if owners:
            still = f"the templates of {listed(owners)} still say that it is on"
            _list([f"{still}, and an update may switch it on again"])
    if plan.successor is not None:
        successor = plan.successor.definition.role_name
        _say("", f"What uses {successor} stays as it is: that role is there too.")
    _say("", "Then:", "")
    _list(_then(plan, minutes))
    _say("", f"Before each change, what was on is written to {state.path}")
    against = list(_against(plan))
    if against:
        _say("", "What stands against it:", "")
        _list(against)
    _say("")


def _say(*lines: str) -> None:
    for line in lines:
        if line:
            write_lines(None, [(Text(), Text(visible(line)))])
        else:
            click.echo()


def _list(lines: Iterable[str]) -> None:
    write_lines(None, [(Text(_INDENT), Text(visible(line))) for line in lines])


def _then(plan: Plan, minutes: int) -> Iterator[str]:
    for lease in plan.leases:
        why = "although the stack is there" if lease.holds else "the stack is gone"
        yield f"the lease of {lease.stack_name}{_where(lease)} is dropped: {why}"
    if plan.report.role is None and not plan.role_unread:
        yield "nothing: the role is not there"
    else:
        yield (
            "the role is deleted, for all of the account; IAM is waited for,"
            f" {counted(max(minutes, 1), 'minute')} at most"
        )


def _against(plan: Plan) -> Iterator[str]:
    for lease in plan.holders:
        state = "is there" if lease.state.value == "exists" else "may be there"
        yield (
            f"stack {lease.stack_name}{_where(lease)} {state} and holds the role: delete it,"
            f" or say --despite-stack {lease.stack_name}"
        )
    if plan.undeletable:
        yield (
            f"{counted(len(plan.undeletable), plan.undeletable[0].kind.name)} can only be deleted:"
            " say --delete-recording-configurations"
        )
    if plan.unread:
        yield "not everything could be read, so more may use the role: say --despite-unread"


def _where(lease: Lease) -> str:
    return f" in {lease.region}" if lease.region else ""


def _again(state: State) -> str:
    return f"The same command goes on; what was on is in {visible(str(state.path))}"


def _back(state: State) -> str:
    return f"To put it all back: slr-constructs restore {visible(str(state.path))}"
