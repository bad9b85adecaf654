"""Lists, a page at a time. Our model: a token is the number of what was listed before."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tests.fake_services.wire import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fake_services.wire import Call

_Thing = TypeVar("_Thing")


def page(
    call: Call, things: Sequence[_Thing], token: str | None, most: int
) -> tuple[list[_Thing], str | None]:
    """Return what is on a page, and the token of the next one, if there is one.

    Raises:
        Refused: The token is of no list.
    """
    given = token or "0"
    if not given.isdecimal():
        raise invalid(call.service, f"{given!r} is of no list")
    first = int(given)
    last = first + most
    return [*things[first:last]], str(last) if last < len(things) else None
