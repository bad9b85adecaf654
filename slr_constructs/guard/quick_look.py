"""A fast check whether a template can have findings at all, based only on the words in it.

The full check needs a library that takes seconds to import, and most apps use none of the features.
Everything that a rule can find contains the name of a service in the catalogue, one of its
operations, a service-linked role, the guard itself or a loop. A template without these words is
skipped.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.templates.custom_calls import CHIME_RESOURCES, CREATE_ROLE
from slr_constructs.templates.words import letters_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.templates.reading import StackTemplate

#: part of the types, actions and names of all service-linked roles.
_ROLES = ("servicelinkedrole", "awsservicerole")
#: the metadata key of the guard.
_GUARD = "slrconstructs"
#: a loop that cannot be expanded is a finding, also in a template without its transform.
_LOOP = "fnforeach"

_CREATE = CREATE_ROLE.lower()
#: an action with a wildcard; an action of only wildcards is for administrators, and not a finding.
#: It starts only where a word starts, so that matching takes linear time.
_WILDCARD = re.compile(r"(?<![a-z*?])[a-z*?]++:(?:[a-z]+[*?]|[*?]+[a-z])[a-z*?]*")


def _words() -> frozenset[str]:
    services = {
        each.service_principal.removesuffix(".amazonaws.com").rpartition(".")[2]
        for each in catalogue.ALL
    }
    operations = {
        operation.rpartition(":")[2].lower()
        for each in catalogue.RESOURCE_TYPES
        for operation in (each.calls.configure.operation, each.calls.remove)
    }
    # the custom resources of cdk-amazon-chime-resources do not contain "Chime"
    kinds = {each.lower() for each in CHIME_RESOURCES}
    return frozenset((*services, *operations, *kinds, *_ROLES, _GUARD, _LOOP))


#: in lower case, and without any other character than letters.
WORDS = _words()


def may_have_findings(stacks: Iterable[StackTemplate]) -> bool:
    """Return whether the stacks may have findings; False is certain, True is not.

    Parts that were not analyzed and the output of macros may contain anything.
    """
    return any(
        each.not_analyzed or each.repeated_keys or "Transform" in each.template or _has_a_word(each)
        for each in stacks
    )


def _has_a_word(stack: StackTemplate) -> bool:
    # search the parsed value, because the file may escape words; repr, because YAML has dates
    text = repr((stack.template, stack.acknowledged)).lower()
    # operations may contain hyphens or underscores, and client names any separator
    letters = letters_of(text)
    return any(each in letters for each in WORDS) or any(
        fnmatchcase(_CREATE, each)
        for each in set(_WILDCARD.findall(text))
        # a longer one cannot match, and to compile it takes seconds
        if len(each.replace("*", "")) <= len(_CREATE)
    )
