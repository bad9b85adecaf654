"""Pages of lists. Our model: a token is the number of items on the previous pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tests.fake_services.wire import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fake_services.wire import Call

_Thing = TypeVar("_Thing")


def page(
    call: Call, targets: Sequence[_Thing], token: str | None, most: int
) -> tuple[list[_Thing], str | None]:
    """Return the items of a page, and the token of the next page, if there is one.

    Raises:
        Refused: The token is not valid.
    """
    given = token or "0"
    if not given.isdecimal():
        raise invalid(call.service, f"{given!r} is not a valid token")
    first = int(given)
    last = first + most
    return [*targets[first:last]], str(last) if last < len(targets) else None
