"""What is acknowledged: findings that somebody has looked at, and gives a reason to leave.

In a template, the metadata of a resource says so, or that of the template for all of its resources:

    Metadata:
      slr-constructs:
        acknowledge:
          - id: RoleNotDeclared
            reason: the platform team's stack has the role

In a CDK app, a construct says so for all that is below it, with `Validations.of(construct)
.acknowledge(Acknowledgment(id="slr-constructs::RoleNotDeclared", reason=…))`. CDK writes that into
the assembly as far as a stack or something in it is acknowledged: what is acknowledged for a stage
or for the app, it keeps to itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.guard.rule import Finding, Rule, Severity
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from slr_constructs.templates.app import App, Stack

ACKNOWLEDGEMENT_IGNORED = Rule(
    "AcknowledgementIgnored",
    Severity.NOTE,
    "an acknowledgement acknowledges nothing",
    "It names no rule of this guard, or gives no reason, so the findings that it is meant for are"
    " reported all the same.",
    "docs/rules.md",
    "Give the `id` of a rule and a `reason`, both as text.",
)

RULES = (ACKNOWLEDGEMENT_IGNORED,)

#: the key in metadata, and how CDK calls the guard's rules.
NAMESPACE = "slr-constructs"
_LIST = "acknowledge"
#: as the plugin's rules are called, and as the constructs' own warnings are.
_IN_CDK = re.compile(rf"(?:Construct-Annotations::)?{NAMESPACE}::?(.*)")
_SHAPE = f"`{NAMESPACE}: {{{_LIST}: [{{id: …, reason: …}}]}}`"


def split(app: App, findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Return the findings that nobody has acknowledged, and the others with the reasons."""
    left, acknowledged = [], []
    for each in findings:
        reason = _reason(app.stacks[each.stack], each)
        if reason is None:
            left.append(each)
        else:
            acknowledged.append((each, reason))
    return left, acknowledged


def findings(app: App, known: Collection[str]) -> Iterator[Finding]:
    """Yield the acknowledgements that acknowledge nothing.

    Args:
        app: The stacks.

        known: The ids of all rules.
    """
    for stack in app.stacks.values():
        places: list[tuple[str | None, str, Any]] = [
            (each, f"`{stack.show(each)}`", body.get("Metadata"))
            for each, body in stack.resources.items()
        ]
        for logical_id, name, metadata in [
            (None, "the template", stack.template.get("Metadata")),
            *places,
        ]:
            for rule, reason in _read(metadata):
                if (fault := _fault(name, rule, reason, known)) is not None:
                    yield Finding(
                        ACKNOWLEDGEMENT_IGNORED, stack.name, logical_id, fault, location="Metadata"
                    )
        if stack.nested_in is None:
            for path, rules in stack.acknowledged.items():
                for rule, reason in _of_guard(rules).items():
                    fault = _fault(f"`{printable(path)}`", rule, reason, known)
                    if fault is not None:
                        yield Finding(ACKNOWLEDGEMENT_IGNORED, stack.name, None, fault)


def _reason(stack: Stack, finding: Finding) -> str | None:
    """Return why a finding is acknowledged, by whoever is nearest; None if it is not."""
    body: Mapping[str, Any] = stack.resources.get(finding.resource or "", {})
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    scopes = (path if isinstance(path, str) else stack.name).split("/")
    said: list[Mapping[Any, Any]] = [
        dict(_read(metadata)),
        *(
            _of_guard(stack.acknowledged.get("/".join(scopes[:length]), {}))
            for length in range(len(scopes), 0, -1)
        ),
        dict(_read(stack.template.get("Metadata"))),
    ]
    reasons = (each.get(finding.rule.id) for each in said)
    return next((each for each in reasons if isinstance(each, str) and each.strip()), None)


def _read(metadata: Any) -> Iterator[tuple[str | None, Any]]:  # noqa: ANN401 - any part of a template
    """Yield ids and reasons; what is no list of acknowledgements has None for an id."""
    block = metadata.get(NAMESPACE) if isinstance(metadata, dict) else None
    if block is None:
        return
    entries = block.get(_LIST) if isinstance(block, dict) else None
    for each in entries if isinstance(entries, list) else [None]:
        rule = each.get("id") if isinstance(each, dict) else None
        if isinstance(each, dict) and isinstance(rule, str):
            known = _IN_CDK.fullmatch(rule)
            yield known[1] if known else rule, each.get("reason")
        else:
            yield None, None


def _of_guard(rules: Mapping[str, str]) -> dict[str, str]:
    """Return those of the rules that CDK has acknowledged which are the guard's."""
    found = {_IN_CDK.fullmatch(each): reason for each, reason in rules.items()}
    return {rule[1]: reason for rule, reason in found.items() if rule is not None}


def _fault(name: str, rule: str | None, reason: Any, known: Collection[str]) -> str | None:  # noqa: ANN401 - any part of a template
    if rule is None:
        return f"{name} has other metadata than {_SHAPE}"
    if rule not in known:
        return f"{name} acknowledges `{printable(rule)}`, which is no rule"
    if not isinstance(reason, str) or not reason.strip():
        return f"{name} acknowledges `{rule}` without a reason"
    return None
