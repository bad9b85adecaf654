"""Generate `docs/rules.md` from the rules; `make rules` runs this module."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from slr_constructs.guard.check import RULES
from slr_constructs.guard.rule import Severity
from slr_constructs.guard.rules import invalid_property_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.guard.rule import Rule

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

_HEAD = """\
# Guard rules

This page is generated from the code by `make rules`.

`slr-constructs check` applies these rules to a cloud assembly or to any CloudFormation or SAM
template. A CDK app can run the same check at synthesis. Conditions are not evaluated: every
resource and every branch is assumed to exist. Only literal values are checked against limits, and
nothing is downloaded. Python code of a custom resource is followed, and JavaScript is searched, if
it is in the template.

- An **error** means that deploying or deleting the stack fails, or that a feature stays enabled
  after the deletion. An error that is not acknowledged makes the exit status 1.
- A **warning** means that the problem occurs only in some accounts, regions or updates, that a
  role is left behind, or that a template could not be analyzed.
- A **note** names a part of the template that was not checked, or something that stays in the
  account.

`--fail-on warning` or `--fail-on note` makes the exit status 1 for less severe findings too, and so
does `RoleGuard(fail_on=Severity.WARNING)` for a synthesis. Some findings of a rule are more severe
than others: the section of the rule says when.

## Acknowledge a finding

An acknowledgement consists of the id of the rule and a reason. In a CDK app, acknowledge a rule for
a construct and everything below it:

```python
from aws_cdk import Acknowledgment, Validations

Validations.of(construct).acknowledge(
    Acknowledgment(
        id="slr-constructs::RoleNotDeclared",
        reason="the platform team's stack has the role",
    )
)
```

The command reads acknowledgements from the assembly. CDK writes those of stacks and of constructs
in stacks. It does not write those of a stage or of the app: acknowledge the rule for each stack
instead.

In any other template, acknowledge a rule in the metadata of the resource. To acknowledge it for all
resources, use the metadata of the template:

```yaml
Metadata:
  slr-constructs:
    acknowledge:
      - id: RoleNotDeclared
        reason: the platform team's stack has the role
```

Acknowledged findings do not affect the exit status. `--acknowledged` lists them with their reasons;
SARIF output then contains them as suppressed results.

## All rules
"""
#: escape characters that are special in Markdown, except in code.
_NOT_TEXT = re.compile(r"(`[^`]*`)")


def page() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_table(), *(line for rule in RULES for line in _section(rule))))


def _table() -> Iterator[str]:
    yield "| rule | severity | problem |"
    yield "|---|---|---|"
    for severity in Severity:
        for rule in RULES:
            if rule.severity is severity:
                link = f"[{rule.id}](#{rule.id.lower()})"
                yield f"| {link} | {severity.value} | {_text(rule.title)} |"
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    source = f"<{rule.source}>" if rule.source.startswith("https://") else _text(rule.source)
    yield f"### {rule.id}"
    yield ""
    yield f"{rule.severity.value.capitalize()}: {_text(rule.title)}."
    yield ""
    yield f"- **Why**: {_text(rule.why)}"
    yield f"- **Source**: {source}"
    yield f"- **Fix in CDK**: {_text(rule.fix)}"
    yield f"- **Fix in a template**: {_text(rule.fix_in_template)}"
    yield ""
    if rule is invalid_property_value.RULE:
        yield from _limits()


def _limits() -> Iterator[str]:
    yield "The guard also checks the streams and log groups that a feature refers to."
    yield ""
    yield "| property | must be | code |"
    yield "|---|---|---|"
    for kind, limits in sorted(invalid_property_value.LIMITS.items()):
        for each in limits:
            name = f"`{kind}` {'.'.join(each.path)}"
            yield f"| {name} | {_text(each.rule.allowed)} | {each.rule.code} |"
    yield ""


def _text(text: str) -> str:
    parts = _NOT_TEXT.split(text)
    return "".join(
        part if number % 2 else re.sub(r"([*_<|])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
