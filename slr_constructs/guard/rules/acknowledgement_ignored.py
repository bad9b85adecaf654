"""An acknowledgement has no effect, because it names no rule or gives no reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.guard.acknowledged import FORM, acknowledged_in, for_guard
from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.guard.rules import rule_ids
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from slr_constructs.templates.app import App, Stack

RULE = Rule(
    "AcknowledgementIgnored",
    Severity.NOTE,
    "an acknowledgement has no effect",
    "The acknowledgement does not name a rule of this guard, or it does not give a reason, so the"
    " findings are still reported.",
    "docs/rules.md",
    "Give the `id` of a rule and a `reason`, both as text.",
    "Write the metadata in the form `slr-constructs: {acknowledge: [{id: …, reason: …}]}`.",
)


def findings(app: App) -> Iterator[Finding]:
    """Yield a finding for each acknowledgement without an effect."""
    known = rule_ids()
    for stack in app.stacks.values():
        for logical_id, name, rule, reason in _in_metadata(stack):
            if (fault := _fault(name, rule, reason, known)) is not None:
                yield Finding(RULE, stack.name, logical_id, fault, location="Metadata")
        # a nested stack has the same ones as its parent
        for path, rules in stack.acknowledged.items() if stack.nested_in is None else ():
            for rule, reason in for_guard(rules).items():
                if (fault := _fault(f"`{printable(path)}`", rule, reason, known)) is not None:
                    yield Finding(RULE, stack.name, None, fault)


def _in_metadata(stack: Stack) -> Iterator[tuple[str | None, str, str | None, Any]]:
    """Yield logical id, name, rule id and reason of the acknowledgements in a template."""
    for rule, reason in acknowledged_in(stack.template.get("Metadata")):
        yield None, "the template", rule, reason
    for logical_id, body in stack.resources.items():
        for rule, reason in acknowledged_in(body.get("Metadata")):
            yield logical_id, f"`{stack.show(logical_id)}`", rule, reason


def _fault(name: str, rule: str | None, reason: Any, known: Collection[str]) -> str | None:  # noqa: ANN401 - any part of a template
    if rule is None:
        return f"{name} has invalid metadata: the expected form is {FORM}"
    if rule not in known:
        return f"{name} acknowledges `{printable(rule)}`, which is not a rule"
    if not isinstance(reason, str) or not reason.strip():
        return f"{name} acknowledges `{rule}` without a reason"
    return None
