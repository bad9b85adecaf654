"""Build `slr-constructs.pyz`: `python -m scripts.build_zipapp WHEEL FILE`.

The file has the command line with all packages that it needs, and runs with Python 3.11 or later
and no installation. It is an ordinary zip file, whose `__main__` is scripts/zipapp_main.py.

shiv and pex do the same, but for the platform that builds the file. One package of the command
line is compiled: regex, which cfn-lint needs. It is included for each platform and each Python
that the project supports. PyYAML is compiled too, but works without it, and is slower.

The packages are those of requirements.txt, checked with its hashes. The file has no times and no
paths of the machine that builds it, so the same wheel and requirements result in the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from scripts.project import PROJECT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: the names of platforms that uv knows, by the folder that zipapp_main.py extracts.
PLATFORMS = {
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "aarch64-unknown-linux-musl": "linux-aarch64",
    "x86_64-unknown-linux-gnu": "linux-x86_64",
    "x86_64-unknown-linux-musl": "linux-x86_64",
    "aarch64-apple-darwin": "darwin-aarch64",
    "x86_64-apple-darwin": "darwin-x86_64",
    "aarch64-pc-windows-msvc": "win32-aarch64",
    "x86_64-pc-windows-msvc": "win32-x86_64",
}
_COMPILED_PACKAGE = "regex"
_IS_COMPILED = (".so", ".pyd")
_INFO = re.compile(r"packages/([^/]+)-[^/-]+\.dist-info/")
#: not needed: programs, tests, and what installers note about the machine.
_OMITTED = re.compile(
    r"(bin|share)/|\.lock$|(.*/)?(__pycache__|tests)/"
    r"|[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$"
)
_SHEBANG = b"#!/usr/bin/env python3\n"


#: the platforms on which a package may be required that others do not require.
_SYSTEMS = {
    "x86_64-unknown-linux-gnu": ("linux", "Linux", "posix"),
    "aarch64-apple-darwin": ("darwin", "Darwin", "posix"),
    "x86_64-pc-windows-msvc": ("win32", "Windows", "nt"),
}


class ZipappError(Exception):
    """The file cannot be built."""


def required(names: Iterable[str], pythons: Iterable[str]) -> set[str]:
    """Return the names of distributions and of all that they require, on any platform."""
    environments = [
        {
            "extra": "",
            "python_version": python,
            "python_full_version": f"{python}.0",
            "sys_platform": platform,
            "platform_system": system,
            "os_name": os_name,
        }
        for python in pythons
        for platform, system, os_name in _SYSTEMS.values()
    ]
    todo = list(names)
    found: set[str] = set()
    while todo:
        requirement = Requirement(todo.pop())
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in found or not (marker is None or any(map(marker.evaluate, environments))):
            continue
        found.add(name)
        # one that only another platform requires is not installed here, and its name is enough
        with suppress(PackageNotFoundError):
            todo += distribution(name).requires or []
    return found


def pins(names: Iterable[str]) -> str:
    """Return the lines of requirements.txt for some distributions, with their hashes.

    A distribution may have several versions, for different Pythons.
    """
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^[A-Za-z0-9](?:.*\\\n)*.*\n", text, re.MULTILINE)
    return "".join(
        each for each in entries if canonicalize_name(re.split(r"[\[=]", each)[0]) in {*names}
    )


def build(wheel: Path, file: Path) -> None:
    """Write the file.

    Raises:
        ZipappError: A package cannot be installed.
    """
    pythons = supported_pythons(PROJECT["classifiers"])
    names = required(PROJECT["optional-dependencies"]["cli"], pythons)
    _, version, _, _ = parse_wheel_filename(wheel.name)
    members: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # pure Python of the oldest version runs with the newer ones too, but not the other way
        for platform in _SYSTEMS:
            members |= _packages(folder / platform, names, platform, pythons[0])
        for platform, python in product(PLATFORMS, pythons):
            members |= _compiled(folder / f"{platform}-{python}", platform, python)
        with zipfile.ZipFile(wheel) as opened:
            members |= {
                f"packages/{each}": opened.read(each)
                for each in opened.namelist()
                if not _OMITTED.match(each)
            }
    included = {canonicalize_name(found.group(1)) for found in map(_INFO.match, members) if found}
    if missing := names - included:
        raise ZipappError(f"{', '.join(sorted(missing))}: no version for Python {pythons[0]}")
    members["__main__.py"] = (ROOT / "scripts/zipapp_main.py").read_bytes()
    digest = hashlib.sha256()
    for path, content in sorted(members.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    members["build.txt"] = f"{version}-{digest.hexdigest()[:12]}".encode()
    _write(file, members)


def supported_pythons(classifiers: Iterable[str]) -> list[str]:
    """Return the versions of Python that the project supports, oldest first."""
    found = (re.search(r":: Python :: (3\.\d+)$", each) for each in classifiers)
    return [each.group(1) for each in found if each]


def _packages(target: Path, names: set[str], platform: str, python: str) -> dict[str, bytes]:
    """Return the files of all packages, without compiled modules."""
    _install(target, pins(names), platform, python)
    return {
        f"packages/{inside}": path.read_bytes()
        for path, inside in _files(target)
        if not inside.endswith(_IS_COMPILED)
    }


def _compiled(target: Path, platform: str, python: str) -> dict[str, bytes]:
    """Return the compiled modules for a platform and a Python."""
    _install(target, pins([_COMPILED_PACKAGE]), platform, python)
    return {
        f"compiled/{PLATFORMS[platform]}/{inside}": path.read_bytes()
        for path, inside in _files(target)
        if inside.endswith(_IS_COMPILED)
    }


def _files(target: Path) -> Iterator[tuple[Path, str]]:
    for path in target.rglob("*"):
        inside = path.relative_to(target).as_posix()
        if path.is_file() and not _OMITTED.match(inside):
            yield path, inside


def _install(target: Path, requirements: str, platform: str, python: str) -> None:
    """Install pinned wheels for a platform into a folder."""
    target.mkdir()
    lock = target.with_name(f"{target.name}.txt")
    lock.write_text(requirements, encoding="utf-8")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--python-platform", platform, "--python-version", python]
    command += ["--only-binary", ":all:", "--target", str(target), "--requirement", str(lock)]
    done = subprocess.run(  # noqa: S603 - the arguments above
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ZipappError(f"{done.stderr.strip()}\nuv could not install the packages of the file.")


def _write(file: Path, members: dict[str, bytes]) -> None:
    """Write a zip file that the shell can start; its entries have no time of their own."""
    with file.open("wb") as stream:
        stream.write(_SHEBANG)
        with zipfile.ZipFile(stream, "w") as archive:
            for path, content in sorted(members.items()):
                entry = zipfile.ZipInfo(path)  # dated 1980, the first year of zip files
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                entry.create_system = 3  # otherwise, Windows would write another number
                archive.writestr(entry, content)
    file.chmod(0o755)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
    except ZipappError as error:
        sys.exit(str(error))
