"""Rules and their findings.

Each module of `rules` defines one rule and checks it; `check.RULES` lists all rules. Rule ids are
part of the API, because acknowledgements refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How certain the problem is."""

    ERROR = "error"
    """Deploying or deleting the stack fails, or a feature stays enabled after the deletion."""

    WARNING = "warning"
    """The problem occurs only in some accounts, regions or updates."""

    NOTE = "note"
    """Nothing fails: a part of the template was not checked, or something stays in the account."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the guard."""

    id: str
    severity: Severity
    #: the problem, as it appears in a list of rules.
    title: str
    #: the consequence of the problem, in one or two sentences.
    why: str
    #: the document that states it.
    source: str
    #: what to do about it, in one or two sentences.
    fix: str


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
