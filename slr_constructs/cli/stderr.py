"""Messages on stderr."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from slr_constructs.account.audit import Audit


def warn(text: str) -> None:
    """Print a line to stderr."""
    # a closed terminal must not stop the clean-up. The text cannot be printed elsewhere
    with suppress(OSError):
        click.echo(f"slr-constructs: {visible(text)}", err=True)


def report_gaps(audit: Audit, account: str | None = None) -> None:
    """Report on stderr what could not be read, and what is unknown although all was read.

    Args:
        audit: The audit. Each gap is reported on a line of its own.

        account: The id of the account.
            Default: it is not printed, because the command reads only one account.
    """
    for note in audit.notes:
        warn(f"{account}: {note}" if account else note)
    for each in audit.failures:
        places = "".join(f"{place}: " for place in (account, each.region) if place)
        warn(f"{places}cannot read {each.resource}: {each.reason}")
