"""`docs/rules.md`, written from the rules; `make rules` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from slr_constructs.guard.check import RULES
from slr_constructs.guard.limits import LIMIT_BROKEN, LIMITED
from slr_constructs.guard.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.guard.rule import Rule

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

_HEAD = """\
# The rules of the guard

This page is written from the code; `make rules` writes it anew.

`slr-constructs check` looks for these things in a cloud assembly or in any CloudFormation or SAM
template, and a CDK app may ask the same at synth. Conditions are not evaluated: what may be there
is taken to be there. Only what a template says outright is held against a limit, and nothing is
fetched.

An **error** goes wrong when the stack is deployed or deleted, or leaves something on; a **warning**
may, in some account, region or update; a **note** says what was not checked. An error that is not
acknowledged makes the exit status 1.

## How to acknowledge

A rule is acknowledged by its id, always with a reason. In a CDK app, for a construct and all that
is below it:

```python
from aws_cdk import Acknowledgment, Validations

Validations.of(construct).acknowledge(
    Acknowledgment(
        id="slr-constructs::RoleNotDeclared", reason="the platform team's stack has the role"
    )
)
```

The command reads this from the assembly, where CDK leaves it for stacks and what is in them; for a
stage or the app it leaves nothing, so acknowledge each stack instead.

In any template, in the metadata of the resource, or of the template for all of its resources:

```yaml
Metadata:
  slr-constructs:
    acknowledge:
      - id: RoleNotDeclared
        reason: the platform team's stack has the role
```

What is acknowledged does not count; `--acknowledged` lists it, with the reasons. In SARIF it is
then a suppressed result.

## All rules
"""
#: code stays as it is; elsewhere, what Markdown would take for its own.
_NOT_TEXT = re.compile(r"(`[^`]*`)")


def page() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_table(), *(line for rule in RULES for line in _section(rule))))


def _table() -> Iterator[str]:
    yield "| rule | severity | what is wrong |"
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
    yield f"- **How to mend**: {_text(rule.mend)}"
    yield ""
    if rule is LIMIT_BROKEN:
        yield from _limits()


def _limits() -> Iterator[str]:
    yield "The streams and log groups that a feature refers to are held against its limits too."
    yield ""
    yield "| property | must be | code |"
    yield "|---|---|---|"
    for kind in sorted(LIMITED):
        for each in LIMITED[kind]:
            name = f"`{kind}` {'.'.join(each.path)}"
            yield f"| {name} | {_text(each.limit.allowed)} | {each.limit.code} |"
    yield ""


def _text(text: str) -> str:
    parts = _NOT_TEXT.split(text)
    return "".join(
        part if number % 2 else re.sub(r"([*_<|])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
