"""The version of this library."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    #: The version in the metadata of the installation, which is that of pyproject.toml.
    __version__ = version("slr-constructs")
except PackageNotFoundError:
    # A copy of the folder without its metadata, which works too. Installers never publish this
    # version, and tools for versions sort it below all others.
    __version__ = "0+unknown"
