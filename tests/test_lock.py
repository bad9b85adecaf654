"""The lock: an installation from it works after newer versions are published."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tiny_wheels import build_wheel

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make") or "make"
LOCK = (ROOT / "requirements.txt").read_text()
PINS = [
    Requirement(line.removesuffix("\\").strip())
    for line in LOCK.splitlines()
    if re.match(r"[A-Za-z0-9]", line)
]
#: platforms on which markers may be true that are false on this one.
PLATFORMS = [
    {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": platform,
        "platform_system": system,
        "os_name": os_name,
    }
    for version, (platform, system, os_name) in itertools.product(
        ("3.11", "3.12", "3.13", "3.14"),
        (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt")),
    )
]


def test_every_pin_has_the_extras_that_a_pinned_distribution_requires() -> None:
    """Otherwise old versions of pip resolve the extra themselves and take the newest release."""
    pinned = {canonicalize_name(pin.name): pin.extras for pin in PINS}
    missing = {}
    checked = 0
    for pin in PINS:
        try:
            requires = importlib.metadata.requires(pin.name) or []
        except importlib.metadata.PackageNotFoundError:
            # pinned for another platform or an older Python
            assert pin.marker is not None
            continue
        for requirement in map(Requirement, requires):
            if requirement.extras and _is_required(requirement, pin.extras):
                checked += 1
                if not requirement.extras <= pinned[canonicalize_name(requirement.name)]:
                    missing[pin.name] = str(requirement)

    assert not missing
    assert checked  # among them are coverage[toml] and urllib3[socks], which failed before


def _is_required(requirement: Requirement, extras: set[str]) -> bool:
    return requirement.marker is None or any(
        requirement.marker.evaluate({**platform, "extra": extra})
        for platform in PLATFORMS
        for extra in ("", *extras)
    )


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose lock `make lock` wrote before a newer release was published.

    `a` requires `b[x]`. The lock pins b 1.0, and b 2.0 is published after it.
    """
    folder = tmp_path_factory.mktemp("miniature")
    wheels = folder / "wheels"
    wheels.mkdir()
    build_wheel(wheels, "a", requires=["b[x]"])
    build_wheel(wheels, "b", extras=["x"])
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "miniature"\nversion = "1"\nrequires-python = ">=3.11"\n'
        '[dependency-groups]\ndev = ["a"]\n'
    )
    plan = subprocess.run(
        [MAKE, "--dry-run", "lock", f"UV={Path(sys.executable).with_name('uv')}"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    (command,) = re.findall(r"^\S+ pip compile .*", plan.replace("\\\n", ""), re.MULTILINE)
    environment = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels), "UV_NO_CACHE": "1"}
    subprocess.run(shlex.split(command), cwd=folder, env=os.environ | environment, check=True)
    build_wheel(wheels, "b", "2.0", extras=["x"])
    return folder


@pytest.mark.parametrize("pip", ["bundled with Python", "pinned in the lock"])
def test_pip_installs_the_pinned_release_of_a_distribution_with_an_extra(
    pip: str, miniature: Path, tmp_path: Path
) -> None:
    """`pip` ignores a newer release next to the pinned one."""
    home = tmp_path / "venv"
    bundled = pip == "bundled with Python"
    subprocess.run(
        [sys.executable, "-m", "venv", home, *([] if bundled else ["--without-pip"])], check=True
    )
    python = str(home / "bin" / "python")
    program = (
        [python, "-m", "pip"] if bundled else [sys.executable, "-m", "pip", "--python", python]
    )
    offline = ["--quiet", "--no-index", "--disable-pip-version-check"]
    wheels = ["--find-links", str(miniature / "wheels")]
    locked = ["--require-hashes", "--requirement", str(miniature / "requirements.txt")]
    subprocess.run([*program, "install", *offline, *wheels, *locked], check=True)

    code = "import importlib.metadata as m; print(m.version('b'))"
    installed = subprocess.run([python, "-c", code], capture_output=True, check=True, text=True)
    assert installed.stdout.strip() == "1.0"


def test_module_of_two_distributions_is_that_of_aws_cdk_lib() -> None:
    """`pip` keeps the module that it installs last, and the other one breaks jsii."""
    name = "aws_cdk/cloud_assembly_schema/__init__.py"
    owners = {
        owner: file
        for owner in ("aws-cdk-lib", "aws-cdk.cloud-assembly-schema")
        for file in importlib.metadata.files(owner) or []
        if str(file) == name
    }
    assert len(owners) == 2
    ours = owners["aws-cdk-lib"]

    digest = hashlib.sha256(Path(str(ours.locate())).read_bytes()).digest()

    assert ours.hash is not None
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == ours.hash.value
