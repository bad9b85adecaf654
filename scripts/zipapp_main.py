"""Start the command line from `slr-constructs.pyz`; this is the `__main__` of the file.

The packages are extracted into a cache on the first start, because some of them cannot be used
inside of a zip file: boto3 and cfn-lint read their data files from a folder, and the operating
system loads compiled modules only from files.
"""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import NoReturn

_NAME = "slr-constructs.pyz"
_ANYWHERE, _COMPILED = "packages/", "compiled/"
_FOLDER = "slr-constructs"
#: the environment variable with the folder of the cache.
_VARIABLE = "SLR_CONSTRUCTS_CACHE"
_INTERRUPTED = 130


def _machine() -> str:
    """Return the name of the folder with the modules that are compiled for this machine."""
    # Windows and macOS have other names than Linux for the same processors
    processors = {"amd64": "x86_64", "arm64": "aarch64"}
    processor = platform.machine().lower()
    return f"{sys.platform}-{processors.get(processor, processor)}"


def _cache() -> Path:
    """Return the folder of the cache: that of the variable, or that of the operating system."""
    chosen = os.environ.get(_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local", _FOLDER)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches" / _FOLDER
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", _FOLDER)


def _packages(archive: Path) -> Path:
    """Return the folder with the packages, and extract them if it does not exist."""
    with zipfile.ZipFile(archive) as opened:
        build = opened.read("build.txt").decode()
        # a home folder may be shared by several machines
        folder = _cache() / f"{build}-{_machine()}"
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        # complete or missing: another process may extract the same files at the same time
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
        try:
            for prefix in (_ANYWHERE, f"{_COMPILED}{_machine()}/"):
                for each in opened.infolist():
                    if each.filename.startswith(prefix):
                        each.filename = each.filename[len(prefix) :]
                        opened.extract(each, partial)
            try:
                partial.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return folder


def _start() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python can start this file
        _fail(f"Python 3.11 or later is required, and this is Python {_python()}")
    try:
        folder = _packages(Path(__file__).parent)
    except (zipfile.BadZipFile, zlib.error) as error:
        _fail(f"the file is damaged: {error}. Download it again.")
    except (OSError, RuntimeError) as error:  # RuntimeError: the home folder is unknown
        _fail(
            f"the packages cannot be extracted: {error}. Set {_VARIABLE} to a folder that you can"
            " write to."
        )
    except KeyboardInterrupt:
        _fail("interrupted", _INTERRUPTED)
    # before all others, because an environment may have other versions
    sys.path.insert(0, str(folder))
    try:
        # the only compiled module, which cfn-lint needs
        importlib.import_module("regex._regex")
    except ImportError:
        _fail(
            f"the package regex is not included for Python {_python()} on {_machine()}. Install the"
            " command line instead: pip install 'slr-constructs[cli]'"
        )
    from slr_constructs.cli import main  # noqa: PLC0415

    main()


def _fail(sentence: str, status: int = 2) -> NoReturn:
    sys.stderr.write(f"{_NAME}: {sentence}\n")
    sys.exit(status)


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


if __name__ == "__main__":
    _start()
