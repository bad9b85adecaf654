"""The state file: the disabled resources, with the settings to configure them again.

Each line is a JSON object, so a machine that stops while it writes loses only one line. A line is
on the disk before the change that it describes starts. Lines are only appended: a role that was
released and restored can be released again with the same file.
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
from slr_constructs.account.usages import kinds_of
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG

if TYPE_CHECKING:
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.iam_role import Role
    from slr_constructs.catalogue import RoleDefinition

_FORMAT = "slr-constructs release"
_VERSION = 1
#: the attributes of a resource that a line contains.
_NAMES = ("region", "id", "arn", "name")
_ATTRIBUTES = (*_NAMES, "settings")


@dataclass(slots=True)
class State:
    """The content of a state file, and the records that are appended to it."""

    path: Path
    account: str
    partition: str
    role_name: str
    #: by ARN: resources that are or may be disabled, with their previous settings.
    disabled: dict[str, TargetResource] = field(default_factory=dict)
    #: by previous ARN: the new ARNs of resources that were created again.
    recreated: dict[str, str] = field(default_factory=dict)
    #: ARNs of resources that may have been created again: the result was not recorded.
    being_created: set[str] = field(default_factory=set)
    #: the previous description and tags of the role.
    role: dict[str, Any] | None = None
    #: all ARNs in the file, so that a known resource is not mistaken for a new one.
    _known: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path, account: Account, definition: RoleDefinition) -> State:
        """Continue a state file, or start a new one, which is written with its first record.

        Raises:
            AccountError: The file is not a state file, or it is for another account or role.
        """
        new = cls(path, account.id, account.partition, definition.role_name)
        # the file may contain a part of the first line, if its release stopped while it wrote it.
        # Other content without a complete line is not a state file
        if new._header().startswith(_content(path, missing_ok=True)):
            return new
        state = cls.read(path)
        if (state.account, state.role_name) != (account.id, definition.role_name):
            raise AccountError(
                f"{path} is for {state.role_name} in account {state.account}, not for"
                f" {definition.role_name} in account {account.id}. Use another state file"
            )
        return state

    @classmethod
    def read(cls, path: Path) -> State:
        """Read a state file.

        Raises:
            AccountError: The file cannot be read, or it is not a valid state file.
        """
        content = _content(path)
        try:
            # text after the last newline is an incomplete line
            first, *lines = [json.loads(line.decode()) for line in content.split(b"\n")[:-1]]
            if first["format"] == _FORMAT and first["version"] != _VERSION:
                raise AccountError(
                    f"{path} has format version {first['version']}, but this version of"
                    f" slr-constructs reads only version {_VERSION}"
                )
            state = cls(path, first["account"], first["partition"], first["role_name"])
            state._apply_all(first, lines)
        # KeyError: a member is missing, or the catalogue does not have the role
        except (KeyError, TypeError, ValueError, RecursionError):
            raise AccountError(
                f"{path} is not a valid state file of slr-constructs release"
            ) from None
        return state

    @property
    def leases(self) -> dict[str, str]:
        """The previous leases of the role: the tag and the stack id of each."""
        tags: dict[str, str] = {} if self.role is None else self.role["tags"]
        return {tag: stack for tag, stack in tags.items() if tag.startswith(LEASE_TAG)}

    def knows(self, arn: str) -> bool:
        """Return whether the file contains this ARN."""
        return arn in self._known

    def record_disabling(self, target: TargetResource) -> None:
        """Record that a resource is about to be disabled, with its current settings."""
        self._add(
            {"disabled": target.kind.name} | {name: getattr(target, name) for name in _ATTRIBUTES}
        )

    def record_role_deletion(self, role: Role) -> None:
        """Record that the role is about to be deleted."""
        self._add({"role": {"description": role.description, "tags": role.tags}})

    def record_creation(self, target: TargetResource) -> None:
        """Record that a resource is about to be created again."""
        self._add({"creating": target.arn})

    def record_enabled(self, target: TargetResource, arn: str) -> None:
        """Record that a resource is enabled again, with an ARN that may be new."""
        self._add({"enabled": target.arn, "arn": arn})

    def record_role_restored(self) -> None:
        """Record that the role is restored."""
        self._add({"role": None})

    def _add(self, line: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                raise AccountError(f"{self.path} cannot be written: {error.strerror}") from None
            self._apply(line)

    def _write(self, line: dict[str, Any]) -> None:
        with self.path.open("ab+") as file:
            new = _cut_incomplete_line(file) == 0
            if new:
                file.write(self._header())
            at = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(f"{json.dumps(line | {'at': at})}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            _sync_folder(self.path)

    def _header(self) -> bytes:
        header = {
            "format": _FORMAT,
            "version": _VERSION,
            "account": self.account,
            "partition": self.partition,
            "role_name": self.role_name,
        }
        return f"{json.dumps(header)}\n".encode()

    def _apply_all(self, first: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        # refuse an unknown role, and a first line that differs from what this version writes
        catalogue.by_role_name(self.role_name)
        if first != json.loads(self._header()):
            raise ValueError(first)
        for line in lines:
            self._apply(line)

    def _apply(self, line: dict[str, Any]) -> None:
        match line:
            case {"disabled": kind, "settings": {}} if all(
                isinstance(line[name], str) for name in _NAMES
            ):
                definition = catalogue.by_role_name(self.role_name)
                kinds = {each.name: each for each in kinds_of(definition)}
                attributes = {name: line[name] for name in _ATTRIBUTES}
                self._apply_disabled(TargetResource(kinds[kind], **attributes))
            case {"enabled": str(arn), "arn": str(new_arn)}:
                self._apply_enabled(arn, new_arn)
            case {"creating": str(arn)}:
                self.being_created.add(arn)
            case {"role": None}:
                self.role = None
            case {"role": {"description": str(description), "tags": dict(tags)}} if all(
                isinstance(value, str) for value in tags.values()
            ):
                # the role may not be restored since an earlier record: a release that stopped may
                # have released leases, and the service may have created the role with another
                # description. So the earlier description and all tags are kept
                before = self.role or {"description": description, "tags": {}}
                self.role = before | {"tags": before["tags"] | tags}
            case _:
                raise ValueError(line)

    def _apply_disabled(self, target: TargetResource) -> None:
        for arn in sorted(self.being_created):
            before = self.disabled[arn]
            same = (before.region, before.settings) == (target.region, target.settings)
            if same and not self.knows(target.arn):
                # the resource was created again, but that restore stopped before it recorded this
                self._apply_enabled(arn, target.arn)
                break
        # of two records, the later one has the settings to restore
        self.disabled[target.arn] = target
        self.recreated.pop(target.arn, None)
        self._known.add(target.arn)

    def _apply_enabled(self, arn: str, new_arn: str) -> None:
        self.disabled.pop(arn, None)
        self.being_created.discard(arn)
        self._known.add(new_arn)
        if new_arn != arn:
            self.recreated[arn] = new_arn


def _content(path: Path, *, missing_ok: bool = False) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if missing_ok and isinstance(error, FileNotFoundError):
            return b""
        raise AccountError(f"{path} cannot be read: {error.strerror}") from None


def _cut_incomplete_line(file: BinaryIO) -> int:
    """Remove an incomplete last line, and return the length of the file.

    The process stopped while it wrote this line, before the change that the line describes.
    """
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            end = file.truncate(file.read().rfind(b"\n") + 1)
    return end


def _sync_folder(path: Path) -> None:
    """Write the name of a new file to the disk, too."""
    # some systems cannot open a folder
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
