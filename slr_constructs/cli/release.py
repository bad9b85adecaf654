"""`slr-constructs release`: disable all usages of a role, and delete the role."""

from __future__ import annotations

from dataclasses import replace
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
from slr_constructs.cli.progress import Watch, interruptible, lists_read
from slr_constructs.cli.prompts import confirm
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.role_argument import RoleNames, complete
from slr_constructs.cli.stderr import report_gaps
from slr_constructs.templates.words import counted, listed, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.account.iam_role import Lease, Role
    from slr_constructs.account.release import Plan, Release
    from slr_constructs.account.state import State
    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.cli.output import Line

_INDENT = "  "


@click.command()
@click.argument("role", shell_complete=complete)
@DRY_RUN
@YES
@click.option(
    "--delete-recording-configurations",
    is_flag=True,
    help="Delete IVS recording configurations, which cannot be disabled.",
)
@click.option(
    "--despite-stack",
    "stacks",
    metavar="NAME",
    multiple=True,
    help="Ignore the lease of this existing stack (name or id). Repeatable.",
)
@click.option(
    "--despite-usage",
    "usages",
    metavar="NAME",
    multiple=True,
    help="Ignore this resource, which the command does not change (name, id or ARN). Repeatable.",
)
@click.option(
    "--despite-unreadable",
    is_flag=True,
    help="Continue if some regions or resources cannot be read.",
)
@click.option(
    "--despite-recent-use",
    is_flag=True,
    help="Continue if the role was used within the last 14 days and no known usage explains it.",
)
@click.option(
    "--state",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that records the previous settings.  [default: release-ROLE-ACCOUNT.jsonl]",
)
@wait_option(15, "Wait at most this long for busy resources, and for IAM.")
@PROFILE
@ROLE_ARN
@log_options
@click.pass_context
def release(
    context: click.Context,
    role: str,
    *,
    dry_run: bool,
    yes: bool,
    delete_recording_configurations: bool,
    stacks: tuple[str, ...],
    usages: tuple[str, ...],
    despite_unreadable: bool,
    despite_recent_use: bool,
    path: Path | None,
    minutes: int,
    profile: str | None,
    role_arn: str | None,
) -> None:
    """Disable all usages of a role, and delete the role.

    ROLE is a role name, a service principal or a short name, as `slr-constructs catalogue` prints
    them. Any other service-linked role is named with its principal, as
    ecs.amazonaws.com/AWSServiceRoleForECS, or by one of these two names. The command does not know
    which resources use it, so it disables nothing, and only IAM decides whether it is in use.

    The command reads every region. It first shows a plan: what it disables, what that means, and
    what blocks it. After your confirmation it disables the usages in the order that the AWS
    documentation gives. It tries busy resources again, such as a live channel. Finally it asks IAM
    to delete the role. IAM does not delete a role that is still in use.

    The command does not delete a role while an existing stack has a lease on it, unless you name
    the stack with --despite-stack. It is better to delete the stack, which releases its lease.

    A resource that has more purposes than the feature, such as a SIP media application, blocks the
    release: the command neither changes nor deletes it. Name it with --despite-usage to delete the
    role anyway.

    A role that was used within the last 14 days blocks the release too, if no usage in the plan
    explains it, and none that an earlier run disabled with the same state file: something unknown
    uses the role. Find it, or delete the role anyway with --despite-recent-use.

    Before each change, the command writes the previous settings to the state file.
    `slr-constructs restore FILE` restores them. After an interruption, run the same command again
    to continue.

    Exit status: 0 the role was deleted, 1 it was not, 2 nothing was done, 130 interrupted.

    \b
      slr-constructs release mediatailor --dry-run
      slr-constructs release ivs --delete-recording-configurations
    """  # noqa: D301 - click reads \b
    # imported here because they import boto3
    from slr_constructs.account.audit import Progress  # noqa: PLC0415
    from slr_constructs.account.release import Allowed, Release, plan_release  # noqa: PLC0415
    from slr_constructs.account.state import State, locked  # noqa: PLC0415
    from slr_constructs.cli.changes_report import (  # noqa: PLC0415
        print_event,
        print_lines,
        progress_text,
        report_damage,
        run,
    )

    named = RoleNames([role])
    allowed = Allowed(
        delete_recording_configurations, stacks, usages, despite_unreadable, despite_recent_use
    )
    progress = Progress()
    with interruptible(lambda: f"{lists_read(progress)}; nothing was changed"):
        account = signed_in(profile, role_arn)
        definition = _only(named.in_account(account))
        with Watch(progress), refuse_on_account_error():
            plan = plan_release(account, definition, allowed, progress=progress)
        if not plan.needed:
            report_gaps(plan.audit)
            click.echo(f"{definition.role_name} does not exist, and nothing must be disabled.")
            context.exit(1 if plan.incomplete else 0)
        state_path = path or Path(f"release-{definition.role_name}-{account.id}.jsonl")
        with refuse_on_account_error():
            if not dry_run:
                check_output(state_path)
                context.with_resource(locked(state_path))
            state = State.open(state_path, account, definition)
        plan = replace(plan, last_disabled=state.last_disabled)
        report_damage(state)
        _check_names(plan, state)
        print_lines(_lines(plan, state, minutes))
        print_lines([BLANK])
        report_gaps(plan.audit)
        if dry_run:
            context.exit(0 if plan.possible else 1)
        if not plan.possible:
            raise Refusal(
                f"{definition.role_name} was not changed. The plan lists what blocks the release"
            )
        confirm(definition.role_name, "release", yes=yes)
    operation = Release(plan, state, minutes * 60, print_event)
    total = len(plan.usages)
    with interruptible(
        lambda: f"{progress_text(operation, 'disabled', total)}. {_next(operation)}"
    ):
        deleted = run(operation, "disabled", total)
        print_lines([_next(operation)])
    context.exit(0 if deleted else 1)


def _only(definitions: Sequence[RoleDefinition]) -> RoleDefinition:
    if len(definitions) > 1:
        names = listed([each.role_name for each in definitions])
        raise Refusal(f"the service has several roles in the account: {names}. Name one of them")
    return definitions[0]


def _check_names(plan: Plan, state: State) -> None:
    from slr_constructs.account.stacks import name_of  # noqa: PLC0415 - imports boto3

    # leases that an interrupted release dropped count too, because the same command continues it
    stacks = {*(each.stack for each in plan.report.leases), *state.leases.values()}
    holders = stacks | {name_of(each) for each in stacks}
    for name in plan.allowed.stacks if plan.report.role is not None else ():
        if name not in holders:
            raise Refusal(
                "--despite-stack must be a stack with a lease on"
                f" {plan.definition.role_name}, got {name!r}"
            )
    kept = {name for each in plan.kept for name in (each.name, each.id, each.arn)}
    for name in plan.allowed.usages if plan.report.role is not None else ():
        if name not in kept:
            raise Refusal(
                "--despite-usage must be a resource that uses the role and that release does not"
                f" change, got {name!r}"
            )


def _lines(plan: Plan, state: State, minutes: int) -> Iterator[Line]:
    """Yield the plan."""
    from slr_constructs.account.stacks import name_of  # noqa: PLC0415 - imports boto3
    from slr_constructs.cli.usage_table import usage_table  # noqa: PLC0415 - imports boto3

    yield line(f"Release of {plan.definition.role_name} in account {plan.account.id}")
    usages = plan.usages
    if usages:
        yield from heading(f"Disables {counted(len(usages), 'usage')} in this order:")
        yield usage_table(usages)
        yield from heading("Consequences:")
        for kind in dict.fromkeys(target.kind for target in usages):
            yield line(f"{kind.name}: {kind.consequence}", _INDENT)
        owners = sorted({name_of(target.stack) for target in usages if target.stack is not None})
        if owners:
            yield line(
                f"the templates of {listed(owners)} are not changed, so an update of these stacks"
                " may enable the features again",
                _INDENT,
            )
    if not plan.report.knows_usages:
        yield BLANK
        yield line(
            "The catalogue has no resource types that use this role, so no usage is disabled. IAM"
            " does not delete the role while a resource uses it."
        )
    if plan.successor is not None:
        successor = plan.successor.definition.role_name
        yield BLANK
        yield line(f"Usages of {successor} are not changed, because that role exists too.")
    yield from heading("Then:")
    yield from (line(each, _INDENT) for each in _then(plan, minutes))
    yield BLANK
    yield line(f"Before each change, the previous settings are written to {state.path}")
    blockers = list(_blockers(plan))
    if blockers:
        yield from heading("Blocked, because:")
        yield from (line(each, _INDENT) for each in blockers)


def _then(plan: Plan, minutes: int) -> Iterator[str]:
    for lease in plan.leases:
        reason = "you named this stack" if lease.is_active else "the stack was deleted"
        yield f"releases the lease of {lease.stack_name}{_where(lease)}, because {reason}"
    if plan.report.role is None and not plan.role_unreadable:
        yield "nothing else, because the role does not exist"
    else:
        for target in plan.kept if plan.possible else ():
            yield f"does not change {target.kind.name} {target.label}: {target.kind.consequence}"
        yield (
            "deletes the role for the whole account; this may take up to"
            f" {counted(max(minutes, 1), 'minute')}"
        )


def _blockers(plan: Plan) -> Iterator[str]:
    for lease in plan.holders:
        state = "exists" if lease.state.value == "exists" else "may exist"
        yield (
            f"stack {lease.stack_name}{_where(lease)} {state} and has a lease on the role. Delete"
            f" the stack, or add --despite-stack {lease.stack_name}"
        )
    if plan.undeletable:
        yield (
            f"{counted(len(plan.undeletable), plan.undeletable[0].kind.name)} can only be deleted."
            " Add --delete-recording-configurations"
        )
    for target in plan.blocking_usages:
        yield (
            f"{target.kind.name} {target.name} in {target.region} {target.usage.value} the role:"
            f" without the role, {target.kind.consequence}. Delete it, or add --despite-usage"
            f" {target.id}"
        )
    if plan.unexplained_use is not None:
        yield _recent_use(plan.unexplained_use)
    if plan.incomplete:
        yield (
            "not everything could be read, so there may be more usages. Fix the reported errors, or"
            " add --despite-unreadable"
        )


def _recent_use(role: Role) -> str:
    when = role.last_used.date().isoformat() if role.last_used is not None else ""
    where = f" in {role.last_used_region}" if role.last_used_region else ""
    return (
        f"something unknown uses the role: it was last used on {when}{where}, and no usage in this"
        " plan or in the state file explains it. Find what uses it, or add --despite-recent-use"
    )


def _where(lease: Lease) -> str:
    return f" in {lease.region}" if lease.region else ""


def _next(operation: Release) -> str:
    """Return what you can do next."""
    file = visible(str(operation.state.path))
    if operation.deleted:
        return f"To restore the previous settings: slr-constructs restore {file}"
    again = "Run the same command again to continue."
    return f"{again} The previous settings are in {file}" if operation.state.is_written else again
