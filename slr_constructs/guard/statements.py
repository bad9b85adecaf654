"""The statements of IAM policies in a template."""

from __future__ import annotations

import fnmatch
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.literals import branches

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the property that contains identity-based policies, by type: a document or a list of them.
POLICIES = {
    **{
        f"AWS::IAM::{each}Policy": "PolicyDocument"
        for each in ("", "Managed", "Role", "User", "Group")
    },
    **{f"AWS::IAM::{each}": "Policies" for each in ("Role", "User", "Group")},
    "AWS::SSO::PermissionSet": "InlinePolicy",
    "AWS::Serverless::Function": "Policies",
    "AWS::Serverless::StateMachine": "Policies",
}
#: placeholder for an unknown part of a text; in a role ARN it matches partition and account only.
_UNKNOWN, _PARTITION_OR_ACCOUNT = "\0", "(?:aws|111122223333)"
_VARIABLE = re.compile(r"\$\{(?!!)[^{}]*\}")
#: the end of a service principal in most partitions, as CDK renders it.
_SUFFIX = "AWS::URLSuffix"


def statements_in(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield the statements of a policy document, or of a list of documents."""
    for each in flat(value):
        document = _parsed(each) if isinstance(each, str) else each
        if isinstance(document, dict):
            yield from statements_in(document.get("PolicyDocument"))
            yield from flat(document.get("Statement"))


def _parsed(text: str) -> Any:  # noqa: ANN401 - any part of a template
    """Return a policy in JSON; None for another text, such as the name of a policy (SAM)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def flat(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    """Yield a value or the members of a list, with all branches of conditions."""
    for each in branches(value):
        if isinstance(each, list):
            for one in each:
                yield from flat(one)
        else:
            yield each


def text_of(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a text with placeholders for the parts that CloudFormation fills in."""
    match value:
        case {"Fn::Sub": str(text) | [str(text), *_]}:
            return _VARIABLE.sub(_UNKNOWN, text.replace(f"${{{_SUFFIX}}}", "amazonaws.com"))
        case {"Fn::Join": [str(delimiter), [*parts]]}:
            return delimiter.join(map(_part, parts))
    return value


def _part(value: Any) -> str:  # noqa: ANN401 - any part of a template
    if value == {"Ref": _SUFFIX}:
        return "amazonaws.com"
    return value if isinstance(value, str) else _UNKNOWN


def covers(pattern: Any, *texts: str) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a value is an IAM pattern that matches all texts, with any case."""
    # each character except `*` matches at least one; to compile a long pattern takes seconds
    if not isinstance(pattern, str) or len(pattern.replace("*", "")) > min(map(len, texts)):
        return False
    expression = _expression(pattern)
    return all(expression.match(each) is not None for each in texts)


@lru_cache(maxsize=1024)  # an app repeats the same few patterns
def _expression(pattern: str) -> re.Pattern[str]:
    # unlike file names, IAM patterns have no sets of characters
    expression = fnmatch.translate(pattern.replace("[", "[[]"))
    return re.compile(expression.replace(_UNKNOWN, _PARTITION_OR_ACCOUNT), re.IGNORECASE)
