"""Acknowledgements: findings that the owner of a template accepts, with a reason.

A template acknowledges a rule in the metadata of a resource, or in its own metadata for all of its
resources:

    Metadata:
      slr-constructs:
        acknowledge:
          - id: RoleNotDeclared
            reason: the platform team's stack has the role

A CDK app acknowledges a rule for a construct and everything below it, with
`Validations.of(construct).acknowledge(Acknowledgment(id="slr-constructs::RoleNotDeclared",
reason=…))`. CDK writes the acknowledgements of stacks and of constructs in stacks into the
assembly. It does not write those of a stage or of the app.
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
    "an acknowledgement has no effect",
    "The acknowledgement does not name a rule of this guard, or it does not give a reason, so the"
    " findings are still reported.",
    "docs/rules.md",
    "Give the `id` of a rule and a `reason`, both as text.",
)

RULES = (ACKNOWLEDGEMENT_IGNORED,)

#: the key in metadata, and the prefix of the guard's rules in CDK.
NAMESPACE = "slr-constructs"
_LIST = "acknowledge"
#: the ids of the plugin's rules (`::`) and of the warnings of the constructs (`:`).
_IN_CDK = re.compile(rf"(?:Construct-Annotations::)?{NAMESPACE}::?(.*)")
_SHAPE = f"`{NAMESPACE}: {{{_LIST}: [{{id: …, reason: …}}]}}`"


def split(app: App, findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Return the findings that are not acknowledged, and the acknowledged ones with reasons."""
    left, acknowledged = [], []
    for each in findings:
        reason = _reason(app.stacks[each.stack], each)
        if reason is None:
            left.append(each)
        else:
            acknowledged.append((each, reason))
    return left, acknowledged


def findings(app: App, known: Collection[str]) -> Iterator[Finding]:
    """Yield the findings about acknowledgements that have no effect.

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
    """Return the reason of the nearest acknowledgement of a finding; None without one."""
    body: Mapping[str, Any] = stack.resources.get(finding.resource or "", {})
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    scopes = (path if isinstance(path, str) else stack.name).split("/")
    candidates: list[Mapping[Any, Any]] = [
        dict(_read(metadata)),
        *(
            _of_guard(stack.acknowledged.get("/".join(scopes[:length]), {}))
            for length in range(len(scopes), 0, -1)
        ),
        dict(_read(stack.template.get("Metadata"))),
    ]
    reasons = (each.get(finding.rule.id) for each in candidates)
    return next((each for each in reasons if isinstance(each, str) and each.strip()), None)


def _read(metadata: Any) -> Iterator[tuple[str | None, Any]]:  # noqa: ANN401 - any part of a template
    """Yield pairs of rule id and reason; the id of an invalid entry is None."""
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
    """Return the acknowledgements that are for rules of the guard."""
    found = {_IN_CDK.fullmatch(each): reason for each, reason in rules.items()}
    return {rule[1]: reason for rule, reason in found.items() if rule is not None}


def _fault(name: str, rule: str | None, reason: Any, known: Collection[str]) -> str | None:  # noqa: ANN401 - any part of a template
    if rule is None:
        return f"{name} has invalid metadata: the expected form is {_SHAPE}"
    if rule not in known:
        return f"{name} acknowledges `{printable(rule)}`, which is not a rule"
    if not isinstance(reason, str) or not reason.strip():
        return f"{name} acknowledges `{rule}` without a reason"
    return None
