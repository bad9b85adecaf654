"""Rules and their findings.

Each module of `rules` defines one rule and checks it; `check.RULES` lists all rules. Rule ids are
part of the API, because acknowledgements refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(Enum):
    """What a problem leads to, from the most to the least severe."""

    ERROR = "error"
    """Deploying or deleting the stack fails, or a feature stays enabled after the deletion."""

    WARNING = "warning"
    """The problem occurs only in some accounts, regions or updates, or leaves a role behind. Or a
    template could not be analyzed."""

    NOTE = "note"
    """Nothing fails: a part of the template was not checked, or something stays in the account."""

    def is_at_least(self, other: Severity) -> bool:
        """Return whether it is as severe as another severity, or more severe."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the guard."""

    id: str
    #: that of its findings, if they have none of their own.
    severity: Severity
    #: the problem, as it appears in a list of rules.
    title: str
    #: the consequence of the problem, in one or two sentences.
    why: str
    #: the document that states it.
    source: str
    #: what to do about it in a CDK app, in one or two sentences.
    fix: str
    #: what to do about it in a template, in one or two sentences.
    fix_in_template: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A resource that breaks a rule."""

    rule: Rule
    stack: str
    #: the logical id of the resource; None if the finding is about the whole template.
    resource: str | None
    #: a sentence about this resource, without a full stop; names are in backquotes.
    text: str
    #: the path within the resource, such as `Properties/Name`; empty for the whole resource.
    location: str = ""
    #: the part of a template that fixes it; empty if the fix is another value or fewer resources.
    addition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    #: a severity that differs from that of the rule.
    own_severity: Severity | None = None

    @property
    def severity(self) -> Severity:
        """How severe the problem of this resource is."""
        return self.own_severity or self.rule.severity
