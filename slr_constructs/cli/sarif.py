"""Findings in SARIF 2.1.0, the format that code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slr_constructs._version import __version__
from slr_constructs.guard.acknowledged import NAMESPACE
from slr_constructs.guard.additions import acknowledgement, as_yaml
from slr_constructs.guard.check import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.guard.rule import Finding, Rule
    from slr_constructs.templates.app import App, Stack

_SITE = "https://slr-constructs.github.io/slr-constructs/"
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: the version in this name must change when fingerprints are computed from other values.
_FINGERPRINT = "slrConstructsFinding/v1"


def sarif(app: App, findings: Iterable[tuple[Finding, str | None]]) -> dict[str, Any]:
    """Return a log with one run.

    Args:
        app: The stacks that were checked.

        findings: The findings, each with the reason why it is acknowledged, or None.
    """
    index = {each.id: number for number, each in enumerate(RULES)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": NAMESPACE,
                        "informationUri": _SITE,
                        "semanticVersion": __version__,
                        "rules": [_rule(each) for each in RULES],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(app.stacks[each.stack], each, index[each.rule.id], reason)
                    for each, reason in findings
                ],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": _help(rule)},
        "defaultConfiguration": {"level": rule.severity.value},
        "helpUri": f"{_SITE}rules/#{rule.id.lower()}",
    }


def _help(rule: Rule) -> str:
    parts = [
        rule.why,
        f"In CDK: {rule.fix}",
        f"In a template: {rule.fix_in_template}",
        f"Or acknowledge it in the template:\n{as_yaml(acknowledgement(rule))}",
        f"Source: {rule.source}",
    ]
    return "\n\n".join(parts)


def _result(stack: Stack, finding: Finding, rule: int, reason: str | None) -> dict[str, Any]:
    resource = finding.resource
    name = finding.stack if resource is None else f"{finding.stack}/{resource}"
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": name, "kind": "module" if resource is None else "resource"}
        ]
    }
    if stack.file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(stack.file)},
            "region": {"startLine": stack.lines.get(resource or "", 1)},
        }
    # without the text of the finding, because numbers in it may change
    about = "\n".join((finding.rule.id, finding.stack, resource or "", finding.location))
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": finding.text},
        **({"properties": {"yaml": as_yaml(finding.addition)}} if finding.addition else {}),
        "locations": [location],
        "partialFingerprints": {
            _FINGERPRINT: hashlib.sha256(about.encode(errors="surrogatepass")).hexdigest()
        },
        **(
            {}
            if reason is None
            else {"suppressions": [{"kind": "inSource", "justification": reason}]}
        ),
    }


def _uri(file: Path) -> str:
    """Return the URI of a file, relative to the working directory if the file is in it."""
    path = file.absolute()
    here = Path.cwd()
    if not path.is_relative_to(here):
        return path.as_uri()
    # bytes, because file names need not be valid text
    return quote(os.fsencode(path.relative_to(here).as_posix()))
