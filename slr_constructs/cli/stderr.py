"""Messages on stderr."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from slr_constructs.templates.words import counted, listed, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.account.audit import Audit, Failure

#: up to this number, regions and accounts are named. JSON has all of them.
_MOST_NAMES = 3


def warn(text: str) -> None:
    """Print a line to stderr."""
    # a closed terminal must not stop the clean-up. The text cannot be printed elsewhere
    with suppress(OSError):
        click.echo(f"slr-constructs: {visible(text)}", err=True)


@dataclass(slots=True)
class Gaps:
    """What could not be read, in all accounts together. Similar failures are one line."""

    #: whether the lines name the accounts.
    names_accounts: bool = False
    #: by the text before the reason: accounts and texts.
    _notes: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    #: by resource and error code: accounts and failures.
    _failures: dict[tuple[str, str], list[tuple[str, Failure]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, account: str, notes: Iterable[str], failures: Iterable[Failure]) -> None:
        """Add those of an account."""
        for note in notes:
            self._notes[note.partition(":")[0]].append((account, note))
        for each in failures:
            self._failures[each.resource, each.code].append((account, each))

    def report(self) -> None:
        """Report on stderr what was not read, and what is unknown although all was read."""
        for notes in self._notes.values():
            where = self._of([account for account, _ in notes])
            warn(f"{where}: {notes[0][1]}" if where else notes[0][1])
        for (resource, _), found in self._failures.items():
            regions = _some([each.region for _, each in found if each.region], "region")
            owners = self._of([account for account, _ in found])
            places = [
                *([f"in {regions}"] if regions else ()),
                *([f"{'of' if regions else 'in'} {owners}"] if owners else ()),
            ]
            reasons = list(dict.fromkeys(each.reason for _, each in found))
            example = "" if len(reasons) == 1 else "for example, "
            warn(f"{resource}: {' '.join(['not read', *places])}: {example}{reasons[0]}")

    def _of(self, accounts: Iterable[str]) -> str:
        some = _some(accounts, "account") if self.names_accounts else ""
        return f"account {some}" if some.isdecimal() else some


def report_gaps(audit: Audit) -> None:
    """Report on stderr what could not be read in an account."""
    gaps = Gaps()
    gaps.add(audit.account, audit.notes, audit.failures)
    gaps.report()


def _some(names: Iterable[str], noun: str) -> str:
    """Return a few names, or the number of many names; empty if there are none."""
    different = list(dict.fromkeys(names))
    if len(different) > _MOST_NAMES:
        return counted(len(different), noun)
    return listed(different) if different else ""
