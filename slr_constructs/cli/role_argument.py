"""The argument ROLE: which role you mean.

A role of the catalogue is identified by its name, by its service principal, or by a short name: the
lower-case name of its constant in the catalogue, `chime-voice-connector` for
`CHIME_VOICE_CONNECTOR`, or the first words of it if no other short name starts with them. Case is
ignored.

Any other service-linked role is identified by its service principal and its name,
`ecs.amazonaws.com/AWSServiceRoleForECS`, or by its ARN, which ends in them. Commands that read an
account also accept one of the two names, and look the role up in the account.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.cli.refusal import Refusal
from slr_constructs.handler.slr_handler.rules import ROLE_NAME, SERVICE_PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from slr_constructs.account.access import Account

#: the roles by their short names, in the catalogue's order.
ROLES: dict[str, RoleDefinition] = {
    constant.lower().replace("_", "-"): role
    for role in catalogue.ALL
    for constant, value in vars(catalogue).items()
    if value is role
}


#: an example of how to name a role that the catalogue does not have.
_EXAMPLE = "ecs.amazonaws.com/AWSServiceRoleForECS"
#: service principal and name, as at the end of a path or an ARN.
_NAMED = re.compile(
    r"(?:arn:[^:]+:iam::(?P<account>\d{12}):role)?(?:/?aws-service-role/)?(?P<principal>[^/:]+)/(?P<name>[^/:]+)"
)
#: most service-linked roles have such a name.
_PREFIX = "AWSServiceRole"


def short_name_of(asked: str) -> str:
    """Return the short name of a role of the catalogue.

    Raises:
        Refusal: The catalogue has no such role, or the name is ambiguous.
    """
    wanted = asked.strip().lower()
    named = _names()
    if wanted in named:
        return named[wanted]
    begun = [short for short in ROLES if short.startswith(f"{wanted}-")]
    if len(begun) == 1:
        return begun[0]
    # only the closest one, because the names have much in common
    close = begun or [named[each] for each in get_close_matches(wanted, named, n=1, cutoff=0.7)]
    if close:
        raise Refusal(f"unknown role {asked!r}. Did you mean {' or '.join(close)}?")
    raise Refusal(f"unknown role {asked!r}. The catalogue has: {', '.join(ROLES)}")


def _names() -> dict[str, str]:
    """Return the short names of the roles by all their names, in lower case."""
    return {
        name.lower(): short
        for short, role in ROLES.items()
        for name in (short, role.service_principal, role.role_name)
    }


def short_name_or_none(role_name: str) -> str | None:
    """Return the short name of a role; None if the catalogue does not have it."""
    return _names().get(role_name.lower())


def parse_role(asked: str) -> RoleDefinition:
    """Return a role of the catalogue, or any other role that is named with its service principal.

    Raises:
        Refusal: The catalogue has no such role, and the text does not have both names.
    """
    found = _parse(asked)
    if isinstance(found, RoleDefinition):
        return found
    try:
        return ROLES[short_name_of(asked)]
    except Refusal as error:
        raise Refusal(f"{error}. Name any other role with its principal, as {_EXAMPLE}") from None


def _parse(asked: str) -> RoleDefinition | str:
    """Return a role; the service principal or the name of a role to look up, if it has only one.

    Raises:
        Refusal: The text names no role.
    """
    wanted = asked.strip()
    if wanted.lower() in _names():
        return ROLES[short_name_of(wanted)]
    named = _NAMED.fullmatch(wanted)
    if named is None:
        only_one = SERVICE_PRINCIPAL.holds(wanted) or (
            wanted.startswith(_PREFIX) and ROLE_NAME.holds(wanted)
        )
        return wanted if only_one else ROLES[short_name_of(wanted)]
    principal, name = named["principal"], named["name"]
    if not (SERVICE_PRINCIPAL.holds(principal) and ROLE_NAME.holds(name)):
        raise Refusal(
            f"a role must be named with its service principal, as {_EXAMPLE}, got {asked!r}"
        )
    known = next((each for each in ROLES.values() if each.role_name == name), None)
    if known is not None and known.service_principal != principal:
        raise Refusal(f"{name} must be a role of {known.service_principal}, got {asked!r}")
    return known or RoleDefinition(name, principal)


class RoleNames:
    """The roles that arguments name. Those without both names are looked up in an account.

    Raises:
        Refusal: An argument names no role.
    """

    def __init__(self, asked: Iterable[str]) -> None:
        self._asked = [*asked]
        self._parsed = [_parse(each) for each in self._asked]

    def in_account(self, account: Account) -> list[RoleDefinition]:
        """Return the roles, each once.

        Raises:
            Refusal: The account does not have one of them, or it cannot be looked up. An ARN is of
                another account.
        """
        for each in self._asked:
            named = _NAMED.fullmatch(each.strip())
            if named is not None and named["account"] not in (None, account.id):
                raise Refusal(
                    f"the ARN of a role must be of account {account.id}, which these credentials"
                    f" are for, got {each!r}"
                )
        found = [
            definition
            for each in self._parsed
            for definition in (
                [each] if isinstance(each, RoleDefinition) else _look_up(each, account)
            )
        ]
        return list(dict.fromkeys(found))


def _core(name: str) -> str:
    return name.lower().removeprefix("awsservicerolefor").removesuffix(".amazonaws.com")


def _look_up(name: str, account: Account) -> list[RoleDefinition]:
    """Return the role with a name, or all roles of a service principal."""
    # they import boto3
    from slr_constructs.account.access import CALL_ERRORS, AccountError, reason  # noqa: PLC0415
    from slr_constructs.account.iam_role import find_role, list_roles  # noqa: PLC0415

    is_principal = SERVICE_PRINCIPAL.holds(name)
    try:
        role = None if is_principal else find_role(account, name)
        roles = list_roles(account, name) if is_principal else [*filter(None, [role])]
    except AccountError as error:
        raise Refusal(str(error)) from None
    except CALL_ERRORS as error:
        both = f"{name}/ROLE" if is_principal else f"PRINCIPAL/{name}"
        raise Refusal(
            f"{name} cannot be looked up in account {account.id}: {reason(error)}. Name the role"
            f" as {both}"
        ) from None
    if roles:
        return roles
    # names without what they have in common
    cores = {_core(each): short for each, short in _names().items()}
    hint = "Check the service principal" if is_principal else "Check the name"
    for close in get_close_matches(_core(name), cores, n=1, cutoff=0.8):
        hint = f"Did you mean {cores[close]}?"
    what = f"role of the service {name}" if is_principal else f"service-linked role {name}"
    raise Refusal(f"account {account.id} has no {what}. {hint}")


def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the short names for the completion of a shell."""
    return [short for short in ROLES if short.startswith(begun)]
