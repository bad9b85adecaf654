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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from slr_constructs.guard.rule import Finding
    from slr_constructs.templates.app import App, Stack

#: the key in metadata, and the prefix of the guard's rules in CDK.
NAMESPACE = "slr-constructs"
_LIST = "acknowledge"
#: the ids of the plugin's rules (`::`) and of the warnings of the constructs (`:`).
_IN_CDK = re.compile(rf"(?:Construct-Annotations::)?{NAMESPACE}::?(.*)")
#: the form of the metadata, for a message.
FORM = f"`{NAMESPACE}: {{{_LIST}: [{{id: …, reason: …}}]}}`"


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


def _reason(stack: Stack, finding: Finding) -> str | None:
    """Return the reason of the nearest acknowledgement of a finding; None without one."""
    body: Mapping[str, Any] = stack.resources.get(finding.resource or "", {})
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    scopes = (path if isinstance(path, str) else stack.name).split("/")
    candidates: list[Mapping[Any, Any]] = [
        dict(acknowledged_in(metadata)),
        *(
            for_guard(stack.acknowledged.get("/".join(scopes[:length]), {}))
            for length in range(len(scopes), 0, -1)
        ),
        dict(acknowledged_in(stack.template.get("Metadata"))),
    ]
    reasons = (each.get(finding.rule.id) for each in candidates)
    return next((each for each in reasons if isinstance(each, str) and each.strip()), None)


def acknowledged_in(metadata: Any) -> Iterator[tuple[str | None, Any]]:  # noqa: ANN401 - any part of a template
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


def for_guard(rules: Mapping[str, str]) -> dict[str, str]:
    """Return the acknowledgements that are for rules of the guard."""
    found = {_IN_CDK.fullmatch(each): reason for each, reason in rules.items()}
    return {rule[1]: reason for rule, reason in found.items() if rule is not None}
