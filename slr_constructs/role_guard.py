"""The guard as a plugin of CDK: at every synth, over all stacks of an app, whoever wrote them.

CDK hands over the templates of stacks. What waits for what, and what is nested in what, stands in
the assembly around them; a role that is imported stands nowhere but among the constructs.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import jsii
from aws_cdk import (
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stack,
)

from slr_constructs.guard.quick_look import is_telling
from slr_constructs.guard.rule import Finding, Severity
from slr_constructs.guard.unread import NOT_READ
from slr_constructs.service_linked_role import ServiceLinkedRole
from slr_constructs.templates.reading import StackTemplate, TemplateError, read
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import IPolicyValidationContext
    from constructs import IConstruct

    from slr_constructs.templates.app import App

#: with hyphens, for what is acknowledged starts with it.
_NAME = "slr-constructs"
_OF_THE_EXTRA = ("cfnlint", "networkx", "yaml")
#: in the words of CDK, which fails a synth for errors alone.
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}

#: where not even the stacks can be told apart, say.
_NOTHING_READ = replace(
    NOT_READ,
    why="The guard reads all stacks together, for the role that one uses may be another's.",
    mend="Mend what the sentence names, or register the guard on the stages without it.",
    source="what `slr-constructs check` says of the folder that `cdk synth` writes",
)


@jsii.implements(IPolicyValidationPlugin)
class RoleGuard:
    """Find what goes wrong with service-linked roles, in every stack of an app.

    Register it once: `Validations.of(app).add_plugins(RoleGuard())`, or on a stage. What is wrong
    for sure fails the synth; warnings and notes are shown. A rule is acknowledged where it does not
    matter, for a construct and all below it:

        Validations.of(construct).acknowledge(
            Acknowledgment(id="slr-constructs::RoleNotDeclared", reason="...")
        )

    Needs the extra `slr-constructs[guard]`.

    Raises:
        ModuleNotFoundError: The extra is not installed.
    """

    def __init__(self) -> None:
        missing = [each for each in _OF_THE_EXTRA if find_spec(each) is None]
        if missing:
            raise ModuleNotFoundError(
                "RoleGuard needs more than the constructs: pip install 'slr-constructs[guard]'",
                name=missing[0],
            )

    @property
    def name(self) -> str:
        """What findings are shown and acknowledged under."""
        return _NAME

    @property
    def version(self) -> str:
        """The version of this library."""
        return version(_NAME)

    @property
    def rule_ids(self) -> list[str]:
        """The rules, as they are acknowledged."""
        # here, for it takes seconds, and most apps have nothing to look at
        from slr_constructs.guard.check import RULES  # noqa: PLC0415

        return [each.id for each in RULES]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Return what the guard finds; CDK asks."""
        folders = {Path(each).parent for each in context.template_paths}
        try:
            stacks = read([Path(os.path.commonpath(folders))], lenient=True)
            violations = _violations(stacks, context) if is_telling(stacks) else []
        except TemplateError as error:
            violations = [
                _violation(
                    Finding(_NOTHING_READ, "", None, f"nothing is checked: {error}"),
                    PolicyViolatingResource(locations=[]),
                )
            ]
        return PolicyValidationPluginReport(
            success=all(each.severity != _SEVERITIES[Severity.ERROR] for each in violations),
            violations=violations,
        )


def _violations(
    stacks: list[StackTemplate], context: IPolicyValidationContext
) -> list[PolicyViolation]:
    # here, for it takes seconds, and most apps have nothing to look at
    from slr_constructs.guard import acknowledged  # noqa: PLC0415
    from slr_constructs.guard.check import check  # noqa: PLC0415
    from slr_constructs.templates.app import App  # noqa: PLC0415

    app = App(stacks, lenient=True)
    constructs = context.app_construct.node.find_all()
    findings = check(app, imported=_imported(app, constructs))
    for stack in app.stacks.values():
        # what constructs acknowledge CDK sorts out, and reports; what templates do, it ignores
        stack.acknowledged = {}
    left, _ = acknowledged.split(app, findings)
    return [_violation(each, _resource(each, app)) for each in left]


def _imported(app: App, constructs: Iterable[IConstruct]) -> set[tuple[str, str]]:
    """Return the roles that are imported, with every stack that may count on that.

    Whoever imports a role says that somebody looks after it in the account, so that it is there for
    the other stacks of the account too.
    """
    imported = set()
    for each in constructs:
        if isinstance(each, ServiceLinkedRole) and each.resource is None:
            stack = Stack.of(each)
            while stack.nested_stack_parent is not None:
                stack = stack.nested_stack_parent
            home = printable(stack.node.path)
            # in another stage than the one whose guard this is, it is none of these
            if home in app.stacks:
                imported |= {
                    (name, each.role_name) for name in app.stacks if app.share_account(home, name)
                }
    return imported


def _resource(finding: Finding, app: App) -> PolicyViolatingResource:
    """Return what CDK is to show, from which it tells the construct."""
    stack, resource = app.stacks[finding.stack], finding.resource
    if resource is None and stack.nested_in is not None:
        outer, resource = stack.nested_in
        stack = app.stacks[outer]
    if resource is None:
        # the name of a stack is its path
        return PolicyViolatingResource(construct_path=stack.name, locations=[])
    return PolicyViolatingResource(
        resource_logical_id=resource,
        template_path=str(stack.file),
        locations=[finding.location.replace("/", ".")] if finding.location else [],
    )


def _violation(finding: Finding, resource: PolicyViolatingResource) -> PolicyViolation:
    rule = finding.rule
    return PolicyViolation(
        rule_name=rule.id,
        severity=_SEVERITIES[rule.severity],
        # what starts with a name has a backquote there
        description=f"{finding.text[0].upper()}{finding.text[1:]}. {rule.why}",
        fix=f"{rule.mend}\nSee {rule.source}",
        violating_resources=[resource],
    )
