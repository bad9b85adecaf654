"""Small wheels for tests of installations, built without network and without a build backend."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def build_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: Iterable[str] = (),
    extras: Iterable[str] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a wheel into a folder and return its path.

    Args:
        folder: The folder of the wheel.

        name: The name of the distribution.

        version: Its version.
            Default: 1.0.

        requires: Its requirements.
            Default: none.

        extras: The names of its extras.
            Default: none.

        files: The text of each file by its path.
            Default: only the metadata.
    """
    info = f"{name}-{version}.dist-info"
    metadata = [
        *("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"),
        *(f"Provides-Extra: {each}" for each in extras),
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    texts = {
        **(files or {}),
        f"{info}/METADATA": "\n".join([*metadata, ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
    built = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(built, "w") as archive:
        for path, text in texts.items():
            archive.writestr(path, text)
    return built


def sha256(file: Path) -> str:
    """Return a file's hash in the format of requirement files."""
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
