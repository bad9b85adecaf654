"""The state file: what was switched off, with the settings that put it back.

One JSON object a line, so that a line is all that is lost when a machine stops in the middle of
one. A line is on the disk before the change that it tells of is asked for. Lines are only added:
what was released and restored once may be released again into the same file.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.uses import kinds_of
from slr_constructs.account.uses.kind import Thing
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG

if TYPE_CHECKING:
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.roles import Role
    from slr_constructs.catalogue import RoleDefinition

_FORMAT = "slr-constructs release"
_VERSION = 1
#: what is there to be put back of a thing.
_NAMES = ("region", "id", "arn", "name")
_THING = (*_NAMES, "settings")


@dataclass(slots=True)
class State:
    """What a state file says, and what is added to it."""

    path: Path
    account: str
    partition: str
    role_name: str
    #: by ARN: what is off, or may be, with the settings it had.
    off: dict[str, Thing] = field(default_factory=dict)
    #: by the ARNs they had: those of things that could only be made again.
    made_again: dict[str, str] = field(default_factory=dict)
    #: ARNs of what may have been made again, for nobody wrote down that it was not.
    being_made: set[str] = field(default_factory=set)
    #: the role as it was: its description and tags.
    role: dict[str, Any] | None = None
    #: all ARNs that the file has, so that nothing that had one before is taken for a new one.
    _known: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path, account: Account, definition: RoleDefinition) -> State:
        """Go on with a file, or start one: it is written with its first line.

        Raises:
            AccountError: There is a file which is none of these, or another account's or role's.
        """
        new = cls(path, account.id, account.partition, definition.role_name)
        # the first line may have been being written when something stopped it; whatever else has no
        # line is somebody's own
        if new._header().startswith(_content(path, or_none=True)):
            return new
        state = cls.read(path)
        if (state.account, state.role_name) != (account.id, definition.role_name):
            raise AccountError(
                f"{path} is about {state.role_name} in account {state.account}, and not about"
                f" {definition.role_name} in account {account.id}: name another file"
            )
        return state

    @classmethod
    def read(cls, path: Path) -> State:
        """Read a file.

        Raises:
            AccountError: It cannot be read, or is no state file.
        """
        content = _content(path)
        try:
            # what follows the last end of a line was being written when something stopped it
            first, *lines = [json.loads(line.decode()) for line in content.split(b"\n")[:-1]]
            if first["format"] == _FORMAT and first["version"] != _VERSION:
                raise AccountError(
                    f"{path} is of version {first['version']}, and this slr-constructs reads"
                    f" version {_VERSION}"
                )
            state = cls(path, first["account"], first["partition"], first["role_name"])
            state._take_all(first, lines)
        # KeyError: of a member, or of a role that the catalogue does not have
        except (KeyError, TypeError, ValueError, RecursionError):
            raise AccountError(f"{path} is no state file of slr-constructs release") from None
        return state

    @property
    def leases(self) -> dict[str, str]:
        """The leases that the role had, each with the id of its stack."""
        tags: dict[str, str] = {} if self.role is None else self.role["tags"]
        return {tag: stack for tag, stack in tags.items() if tag.startswith(LEASE_TAG)}

    def knows(self, arn: str) -> bool:
        """Tell whether something was there before it was made again, or was told to be."""
        return arn in self._known

    def switching_off(self, thing: Thing) -> None:
        """Write down that something is about to be switched off, with the settings that it has."""
        self._add({"off": thing.kind.name} | {name: getattr(thing, name) for name in _THING})

    def deleting(self, role: Role) -> None:
        """Write down that the role is about to be deleted."""
        self._add({"role": {"description": role.description, "tags": role.tags}})

    def making(self, thing: Thing) -> None:
        """Write down that something is about to be made again."""
        self._add({"making": thing.arn})

    def switched_on(self, thing: Thing, arn: str) -> None:
        """Write down that something is as it was, under an ARN that may be another one."""
        self._add({"on": thing.arn, "arn": arn})

    def restored_role(self) -> None:
        """Write down that the role is as it was."""
        self._add({"role": None})

    def _add(self, line: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                raise AccountError(f"{self.path} cannot be written: {error.strerror}") from None
            self._take(line)

    def _write(self, line: dict[str, Any]) -> None:
        with self.path.open("ab+") as file:
            new = _cut(file) == 0
            if new:
                file.write(self._header())
            at = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(f"{json.dumps(line | {'at': at})}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            _keep_name(self.path)

    def _header(self) -> bytes:
        header = {
            "format": _FORMAT,
            "version": _VERSION,
            "account": self.account,
            "partition": self.partition,
            "role_name": self.role_name,
        }
        return f"{json.dumps(header)}\n".encode()

    def _take_all(self, first: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        # nothing that only looks like a first line, and nothing of a role that nobody knows
        catalogue.by_role_name(self.role_name)
        if first != json.loads(self._header()):
            raise ValueError(first)
        for line in lines:
            self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        match line:
            case {"off": kind, "settings": {}} if all(
                isinstance(line[name], str) for name in _NAMES
            ):
                kinds = {
                    each.name: each for each in kinds_of(catalogue.by_role_name(self.role_name))
                }
                self._take_off(Thing(kinds[kind], **{name: line[name] for name in _THING}))
            case {"on": str(arn), "arn": str(now)}:
                self._take_on(arn, now)
            case {"making": str(arn)}:
                self.being_made.add(arn)
            case {"role": None}:
                self.role = None
            case {"role": {"description": str(description), "tags": dict(tags)}} if all(
                isinstance(value, str) for value in tags.values()
            ):
                # while it is not as it was: the leases may have been dropped, by a release that
                # did not end, and its service may have made it with a description of its own
                before = self.role or {"description": description, "tags": {}}
                self.role = before | {"tags": before["tags"] | tags}
            case _:
                raise ValueError(line)

    def _take_off(self, thing: Thing) -> None:
        for arn in sorted(self.being_made):
            before = self.off[arn]
            alike = (before.region, before.settings) == (thing.region, thing.settings)
            if alike and not self.knows(thing.arn):
                # it was made, and what made it had no time to write that down
                self._take_on(arn, thing.arn)
                break
        # of two states the later is what somebody wanted
        self.off[thing.arn] = thing
        self.made_again.pop(thing.arn, None)
        self._known.add(thing.arn)

    def _take_on(self, arn: str, now: str) -> None:
        self.off.pop(arn, None)
        self.being_made.discard(arn)
        self._known.add(now)
        if now != arn:
            self.made_again[arn] = now


def _content(path: Path, *, or_none: bool = False) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if or_none and isinstance(error, FileNotFoundError):
            return b""
        raise AccountError(f"{path} cannot be read: {error.strerror}") from None


def _cut(file: BinaryIO) -> int:
    """Take off a line that has no end, and return how long the file is then.

    It was being written when something stopped it, and was never acted on.
    """
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            end = file.truncate(file.read().rfind(b"\n") + 1)
    return end


def _keep_name(path: Path) -> None:
    """Have the name of a new file on the disk, too."""
    # systems that open no folder are left to themselves
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
