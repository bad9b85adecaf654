"""Whether templates may have anything for the guard, from their words alone.

Reading the order of a template takes a library that takes seconds to import, and most apps use none
of the features. What the rules look for names a service of the catalogue or one of its operations,
service-linked roles as such, or the guard itself. A template that does none of this is not looked
at.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from string import ascii_lowercase
from typing import TYPE_CHECKING

from slr_constructs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.templates.reading import StackTemplate

#: the kinds of cdk-amazon-chime-resources, whose custom resources do not say Chime.
_KINDS = ("voiceconnector", "appinstance", "streamingconfig")
#: in the types, actions and names of roles, whatever their service.
_ROLES = ("servicelinkedrole", "awsservicerole")
#: under which metadata speak to the guard.
_GUARD = "slrconstructs"

_CREATE = "iam:createservicelinkedrole"
#: an action with a wildcard; one of wildcards alone is an administrator's, and no finding.
_WILDCARD = re.compile(r"[a-z*?]+:(?:[a-z]+[*?]|[*?]+[a-z])[a-z*?]*")


def _words() -> frozenset[bytes]:
    services = {
        each.service_principal.removesuffix(".amazonaws.com").rpartition(".")[2]
        for each in catalogue.ALL
    }
    operations = {
        operation.rpartition(":")[2].lower()
        for each in catalogue.ALL
        for operation in (*each.created_by, *each.clean_up)
    }
    return frozenset(each.encode() for each in (*services, *operations, *_KINDS, *_ROLES, _GUARD))


#: in lower case, and letters alone.
WORDS = _words()
_NO_LETTERS = bytes(each for each in range(256) if each not in ascii_lowercase.encode())


def is_telling(stacks: Iterable[StackTemplate]) -> bool:
    """Tell whether the guard may find anything in stacks; False is certain, True is not.

    What was left out when they were read may be anything, and so may what a macro makes.
    """
    return any(each.unread or "Transform" in each.template or _has_a_word(each) for each in stacks)


def _has_a_word(stack: StackTemplate) -> bool:
    # of what was read, for in the file a word may be escaped; not as JSON, for YAML has dates
    text = repr((stack.template, stack.acknowledged)).lower()
    # an operation is also written with hyphens or underscores, and a client with anything
    letters = text.encode(errors="replace").translate(None, delete=_NO_LETTERS)
    return any(each in letters for each in WORDS) or any(
        fnmatchcase(_CREATE, each) for each in set(_WILDCARD.findall(text))
    )
