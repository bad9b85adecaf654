"""The argument ROLE: which role of the catalogue you mean.

A role is identified by its name, by its service principal, or by a short name: the lower-case name
of its constant in the catalogue, `chime-voice-connector` for `CHIME_VOICE_CONNECTOR`, or the first
words of it if no other short name starts with them. Case is ignored.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from slr_constructs import catalogue
from slr_constructs.cli.refusal import Refusal

if TYPE_CHECKING:
    import click

#: the roles by their short names, in the catalogue's order.
ROLES = {
    constant.lower().replace("_", "-"): role
    for role in catalogue.ALL
    for constant, value in vars(catalogue).items()
    if value is role
}


def short_name_of(asked: str) -> str:
    """Return the short name of a role.

    Raises:
        Refusal: The catalogue has no such role, or the name is ambiguous.
    """
    wanted = asked.strip().lower()
    named = {
        name.lower(): short
        for short, role in ROLES.items()
        for name in (short, role.service_principal, role.role_name)
    }
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


def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the short names for the completion of a shell."""
    return [short for short in ROLES if short.startswith(begun)]
