"""Print what the command line needs, without CDK: `python -m scripts.cli_requirements`.

`pip install 'slr-constructs[cli]'` also installs aws-cdk-lib, which the command line does not
import. With the file that this script prints, `pip install --no-deps` is enough. The names and
ranges are those of the extra `cli` in pyproject.toml.
"""

from __future__ import annotations

from scripts.project import PROJECT

FILE = "requirements-cli.txt"
_HEADING = f"""\
# The packages of the extra `cli`, for an installation of the command line without aws-cdk-lib:
#     pip install --no-deps slr-constructs
#     pip install -r {FILE}
# `make lock` writes this file from pyproject.toml.
"""


def requirements() -> str:
    """Return the text of the file."""
    return _HEADING + "".join(f"{each}\n" for each in PROJECT["optional-dependencies"]["cli"])


if __name__ == "__main__":
    print(requirements(), end="")
