"""The extras of this package, which install the packages that some of its parts need."""

from __future__ import annotations

from importlib.util import find_spec

_TEMPLATES = ("cfnlint", "networkx", "yaml")
#: the modules that each extra installs.
_MODULES = {"guard": _TEMPLATES, "testing": (*_TEMPLATES, "pytest", "syrupy")}


def require(extra: str, needed_by: str) -> None:
    """Check that an extra is installed.

    Raises:
        ModuleNotFoundError: It is not. The message says what to install.
    """
    missing = [each for each in _MODULES[extra] if find_spec(each) is None]
    if missing:
        raise ModuleNotFoundError(
            f"{needed_by} requires the extra {extra}: pip install 'slr-constructs[{extra}]'",
            name=missing[0],
        )
