"""The calls of a command, one by one, for its log.

A call has the names of resources, but no other parameters and no response: these may have secrets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_IDENTIFIER = re.compile(r"(name|id|arn)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an API, with all its attempts."""

    #: when it began, and how many seconds it took.
    time: datetime
    seconds: float
    #: the id; empty for the call that reads it.
    account: str
    #: "aws-global" for a service without regions, as botocore names it.
    region: str
    service: str
    operation: str
    #: names, ids and ARNs.
    parameters: Mapping[str, str]
    #: the error code; None after a success.
    error: str | None
    request_id: str | None


OnCall: TypeAlias = "Callable[[Call], None]"


def ignore_call(call: Call) -> None:
    """Ignore a call."""


def identifiers_in(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that are names, ids and ARNs."""
    return {
        name: value
        for name, value in parameters.items()
        if isinstance(value, str) and _IDENTIFIER.search(name)
    }
