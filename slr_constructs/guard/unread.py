"""What is not checked, for it cannot be read: said, so that silence means that all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App

NOT_READ = Rule(
    "NotRead",
    Severity.NOTE,
    "a part of a template cannot be read, and is not checked",
    "What is written for CloudFormation to expand, or is nothing that CloudFormation takes, may"
    " hold a role or a feature; what needs it is checked as if it were not there.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html",
    "Check the template as it is after the change set has expanded it (`aws cloudformation"
    " get-template --template-stage Processed`).",
)

RULES = (NOT_READ,)

#: transforms that make no role and no feature of what a template says.
_HARMLESS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager",
    "AWS::Serverless",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield what is not checked."""
    for stack in app.stacks.values():
        for logical_id, sentence in stack.unread:
            yield Finding(NOT_READ, stack.name, logical_id, f"not checked: {printable(sentence)}")
        for name in _macros(stack.template.get("Transform")):
            if not name.startswith(_HARMLESS):
                yield Finding(
                    NOT_READ,
                    stack.name,
                    None,
                    f"not checked: what the macro `{printable(name)}` makes of the template",
                )


def _macros(transform: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    for each in transform if isinstance(transform, list) else [transform]:
        name = each.get("Name") if isinstance(each, dict) else each
        if isinstance(name, str):
            yield name
