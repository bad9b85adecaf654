"""The guard as a CDK plugin, which checks all stacks of an app at every synthesis.

CDK gives the plugin the templates of the stacks. The cloud assembly around the templates contains
the dependencies between stacks, the nested stacks and the imported roles.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import (
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from slr_constructs._errors import check_kind
from slr_constructs._extras import require
from slr_constructs._version import __version__
from slr_constructs.guard.quick_look import may_have_findings
from slr_constructs.guard.rule import Finding, Severity
from slr_constructs.guard.rules.not_analyzed import RULE as NOT_ANALYZED
from slr_constructs.templates.reading import StackTemplate, TemplateError, read

if TYPE_CHECKING:
    from aws_cdk import IPolicyValidationContext, Stage

    from slr_constructs.templates.app import App

#: With hyphens, because the ids of acknowledged rules start with it.
_NAME = "slr-constructs"
#: The severities of CDK, which fails a synthesis only for errors.
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}

#: For an assembly that cannot be read at all, for example if two stacks have the same name.
_NOTHING_ANALYZED = replace(
    NOT_ANALYZED,
    why="The guard reads all stacks together, because a stack may use the role of another stack.",
    fix="Fix the file that the message names, or register the guard only on the other stages.",
    source="the output of `slr-constructs check` for the folder that `cdk synth` writes",
)


@jsii.implements(IPolicyValidationPlugin)
class RoleGuard:
    """Find problems with service-linked roles in every stack of an app.

    Register it once, on the app or on a stage: `Validations.of(app).add_plugins(RoleGuard())`.
    Errors fail the synthesis. Warnings and notes are shown; with `fail_on`, they fail the synthesis
    too, and CDK shows them as errors. To acknowledge a rule for a construct and all constructs
    below it:

        Validations.of(construct).acknowledge(
            Acknowledgment(id="slr-constructs::RoleNotDeclared", reason="...")
        )

    The guard requires the extra `slr-constructs[guard]`.

    Args:
        fail_on: The least severe findings that fail the synthesis, as for the option `--fail-on` of
            `slr-constructs check`. Default: errors fail the synthesis.

    Raises:
        ModuleNotFoundError: The extra is not installed.
        UsageError: `fail_on` is not a `Severity` (`PropKind`).
    """

    def __init__(self, *, fail_on: Severity = Severity.ERROR) -> None:
        check_kind("RoleGuard", "fail_on", fail_on, "a Severity", Severity)
        self._fail_on = fail_on
        require("guard", "RoleGuard")

    @property
    def name(self) -> str:
        """The name of the plugin, which is the prefix of the rules that you acknowledge."""
        return _NAME

    @property
    def version(self) -> str:
        """The version of this library."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the rules that you can acknowledge."""
        # imported here, because the import takes seconds, and most apps do not need it
        from slr_constructs.guard.check import RULES  # noqa: PLC0415

        return [each.id for each in RULES]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Return the findings of the guard. CDK calls this method at synthesis."""
        folders = {Path(each).parent for each in context.template_paths}
        try:
            # the assembly of a stage names assets in the folder of the app
            root = Path(cast("Stage", context.app_construct).asset_outdir)
            stacks = read([Path(os.path.commonpath(folders))], root=root)
            violations = self._violations(stacks) if may_have_findings(stacks) else []
        except TemplateError as error:
            violations = [
                self._violation(
                    Finding(_NOTHING_ANALYZED, "", None, f"no stack is checked: {error}"),
                    [PolicyViolatingResource(locations=[])],
                )
            ]
        return PolicyValidationPluginReport(
            success=all(each.severity != _SEVERITIES[Severity.ERROR] for each in violations),
            violations=violations,
        )

    def _violations(self, stacks: list[StackTemplate]) -> list[PolicyViolation]:
        # imported here, because the import takes seconds, and most apps do not need it
        from slr_constructs.guard import acknowledged  # noqa: PLC0415
        from slr_constructs.guard.check import check  # noqa: PLC0415
        from slr_constructs.templates.app import App  # noqa: PLC0415

        app = App(stacks)
        findings = check(app)
        for stack in app.stacks.values():
            # CDK itself handles and reports what constructs acknowledge; it ignores the templates
            stack.acknowledged = {}
        left, _ = acknowledged.split(app, findings)
        # many parts may not be analyzed for the same reason
        same: dict[object, list[Finding]] = {}
        for each in left:
            is_note = each.severity is Severity.NOTE
            same.setdefault((each.rule, each.text) if is_note else each, []).append(each)
        return [
            self._violation(several[0], [_resource(each, app) for each in several])
            for several in same.values()
        ]

    def _violation(
        self, finding: Finding, resources: list[PolicyViolatingResource]
    ) -> PolicyViolation:
        rule = finding.rule
        return PolicyViolation(
            rule_name=rule.id,
            severity=_SEVERITIES[
                Severity.ERROR if finding.severity.is_at_least(self._fail_on) else finding.severity
            ],
            # a text that starts with a name starts with a backquote, which stays the same
            description=f"{finding.text[0].upper()}{finding.text[1:]}. {rule.why}",
            fix=f"{rule.fix}\nSee {rule.source}",
            violating_resources=resources,
        )


def _resource(finding: Finding, app: App) -> PolicyViolatingResource:
    """Return the resource that CDK shows, and from which it finds the construct."""
    stack, resource = app.stacks[finding.stack], finding.resource
    if stack.deployed_by is not None:
        # CDK does not know the template, only the resource that deploys it
        outer, resource = stack.deployed_by
        stack = app.stacks[outer]
    elif resource is None and stack.nested_in is not None:
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
