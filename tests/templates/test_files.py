"""Files that are read have a limited size, and are inside the folder that may be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slr_constructs.templates.files import MEGABYTE, is_inside, read_text


def test_the_text_of_a_file_has_no_byte_order_mark(tmp_path: Path) -> None:
    """The mark that some editors write is not part of the text."""
    path = tmp_path / "file"
    path.write_text("\ufeffé", encoding="utf-8")

    assert read_text(path, MEGABYTE) == "é"


def test_fails_when_a_file_is_too_large(tmp_path: Path) -> None:
    """A file that has exactly the size is accepted."""
    path = tmp_path / "file"
    path.write_bytes(b"a" * MEGABYTE)
    assert len(read_text(path, MEGABYTE)) == MEGABYTE
    path.write_bytes(b"a" * (MEGABYTE + 1))

    with pytest.raises(OSError, match="larger than 1 MB"):
        read_text(path, MEGABYTE)


def test_fails_at_once_when_a_file_is_not_regular(tmp_path: Path) -> None:
    """A pipe without a writer would wait, and a device may never end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for path in (pipe, Path("/dev/zero"), Path("/dev/null"), tmp_path):
        with pytest.raises(OSError, match="not a regular file"):
            read_text(path, MEGABYTE)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_fails_when_a_path_is_not_a_file_name(tmp_path: Path, name: str) -> None:
    """The error is an OSError, as for other files that cannot be read."""
    with pytest.raises(OSError, match="not a file name"):
        read_text(tmp_path / name, MEGABYTE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a symbolic link in it, and one that leads out of it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(folder / "a")
    (folder / "out").symlink_to(tmp_path)
    return folder


@pytest.mark.parametrize("path", ["a", "a/../b", "link", ""])
def test_a_path_may_be_inside_a_folder(folder: Path, path: str) -> None:
    """The folder itself is inside too."""
    assert is_inside(folder / path, folder)


@pytest.mark.parametrize("path", ["..", "../folder-2/a", "out/a", "/dev/zero", "a\0b", "\ud800"])
def test_a_path_may_lead_out_of_a_folder(folder: Path, path: str) -> None:
    """With dots or symbolic links; a name may start like that of the folder."""
    assert not is_inside(folder / path, folder)
