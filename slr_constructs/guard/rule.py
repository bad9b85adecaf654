"""What a rule is, and what it has found.

A rule stands beside what looks for it, and `check.RULES` has them all. Ids are API: what is
acknowledged is acknowledged by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How sure it is that something goes wrong."""

    ERROR = "error"
    """Deploying or deleting the stack goes wrong, or leaves something on."""

    WARNING = "warning"
    """It may, in some account, region or update."""

    NOTE = "note"
    """Something could not be read, and so was not checked."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the guard looks for."""

    id: str
    severity: Severity
    #: what is wrong, for a list of rules.
    title: str
    #: what comes of it, in one sentence.
    why: str
    #: where that is said.
    source: str
    #: what to do, in one sentence.
    mend: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One resource that breaks one rule."""

    rule: Rule
    stack: str
    #: the logical id of the resource; None if the template as a whole is meant.
    resource: str | None
    #: a sentence about this resource, with names between backquotes.
    text: str
    #: where in the resource, `Properties/Name` say; empty if it is the resource as a whole.
    location: str = ""
