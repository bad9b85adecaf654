"""Print what the command line needs, without CDK: `python -m scripts.cli_requirements`.

`pip install 'slr-constructs[cli]'` also installs aws-cdk-lib, which the command line does not
import. With the file that this script prints, `pip install --no-deps` is enough. The names and
ranges are those of the extra `cli` in pyproject.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = "requirements-cli.txt"
_HEADING = f"""\
# The packages of the extra `cli`, for an installation of the command line without aws-cdk-lib:
#     pip install --no-deps slr-constructs
#     pip install -r {FILE}
# `make lock` writes this file from pyproject.toml.
"""


def requirements() -> str:
    """Return the text of the file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return _HEADING + "".join(f"{each}\n" for each in project["optional-dependencies"]["cli"])


if __name__ == "__main__":
    print(requirements(), end="")
