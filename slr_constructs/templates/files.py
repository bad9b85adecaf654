"""Read the files that other files name: regular files of a limited size, inside a folder."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000


def read_text(path: Path, most: int) -> str:
    """Return the text of a regular file in UTF-8, with or without a byte order mark.

    Raises:
        OSError: As for `read_bytes`.

        UnicodeDecodeError: The file is not UTF-8 text.
    """
    return read_bytes(path, most).decode("utf-8-sig")


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file. A device, a pipe or a socket is refused, because reading it may never end.

        most: The largest size, in bytes.

    Raises:
        OSError: The file does not exist, cannot be read, is not a regular file, or is too large.
    """
    try:
        with open(path, "rb", opener=_open_regular) as file:
            content = file.read(most + 1)
    except OSError:
        raise
    except ValueError:
        # a null character, or half of a surrogate pair
        raise OSError(errno.EINVAL, "not a file name") from None
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most // MEGABYTE} MB")
    return content


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a path is inside a folder, after symbolic links are followed."""
    try:
        real, around = os.path.realpath(path), os.path.realpath(folder)
        return os.path.commonpath([real, around]) == around
    except ValueError:
        # not a file name, or on another drive
        return False


def _open_regular(name: str, flags: int) -> int:
    # without the flag, which Windows lacks, a pipe waits for a writer
    opened = os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(opened).st_mode):
        return opened
    os.close(opened)
    raise OSError(errno.EINVAL, "not a regular file")
