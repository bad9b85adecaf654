"""A template, or a part of one, cannot be analyzed; it is reported and not overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.loops import is_loop
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

RULE = Rule(
    "NotAnalyzed",
    Severity.NOTE,
    "a template, or a part of one, was not analyzed",
    "A part that CloudFormation expands or does not accept may contain a role or a feature. So may"
    " code of custom resources that the guard cannot follow. The other resources are checked as if"
    " such a part did not exist; a call in the code is assumed to be made where it makes sense. It"
    " is a warning if no resource of the template could be analyzed, if the order is unknown, or if"
    " resources in a loop are.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html",
    "Check the assembly that `cdk synth` writes, with all its files. If the app uses a macro, check"
    " the expanded template too. In code, check what it enables, and what it disables when the"
    " custom resource is deleted.",
    "Correct what CloudFormation does not accept, and check the nested templates together with this"
    " one. For macros, check the template that the change set has expanded (`aws cloudformation"
    " get-template --template-stage Processed`). In code, check what it enables, and what it"
    " disables when the custom resource is deleted.",
)

#: transforms that do not add a role or a feature.
_HARMLESS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager",
    "AWS::Serverless",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each part that was not analyzed."""
    for stack in app.stacks.values():
        for logical_id, sentence in (
            *stack.not_analyzed,
            *dict.fromkeys(stack.calls.not_analyzed),
        ):
            # a loop may contain any number of resources
            is_whole = logical_id is None or is_loop(logical_id)
            yield Finding(
                RULE,
                stack.name,
                logical_id,
                f"not analyzed: {printable(sentence)}",
                own_severity=Severity.WARNING if is_whole else None,
            )
        for name in _macros(stack.template.get("Transform")):
            if not name.startswith(_HARMLESS):
                yield Finding(
                    RULE,
                    stack.name,
                    None,
                    f"not analyzed: the output of the macro `{printable(name)}`",
                )


def _macros(transform: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    for each in transform if isinstance(transform, list) else [transform]:
        name = each.get("Name") if isinstance(each, dict) else each
        if isinstance(name, str):
            yield name
