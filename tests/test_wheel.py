"""The wheel works without this repository."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.readme_blocks import python_blocks

ROOT = Path(__file__).parents[1]
PIP_INSTALL = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that is built from the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_handler_the_types_and_the_licence_but_no_tests(wheel: Path) -> None:
    """It contains the function's code and the parts of HTML pages, but no tests or byte code."""
    names = zipfile.ZipFile(wheel).namelist()

    assert "slr_constructs/handler/slr_handler/entrypoint.py" in names
    assert "slr_constructs/_inline_function.txt" in names
    assert "slr_constructs/py.typed" in names
    assert {Path(name).name for name in names if name.startswith("slr_constructs/pictures/")} >= {
        *("picture.css", "report.css", "report.html", "report.js")
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"slr_constructs"}
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_first_example_of_the_readme_works_with_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """The environment contains only the wheel and its requirements."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*/site-packages"))
    for entry in _files_of_requirements(wheel):
        (site / entry.name).symlink_to(entry)
    subprocess.run(
        [sys.executable, *PIP_INSTALL, str(wheel)],
        env=os.environ | {"PIP_PYTHON": str(python)},
        check=True,
    )
    app = tmp_path / "app.py"
    app.write_text(python_blocks(ROOT / "README.md")[0].code)
    outdir = tmp_path / "out"

    run = subprocess.run(
        [python, "-I", app],
        cwd=tmp_path,
        env=os.environ | {"CDK_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    (template,) = outdir.glob("*.template.json")
    types = [each["Type"] for each in json.loads(template.read_text())["Resources"].values()]
    assert "Custom::ServiceLinkedRole" in types
    assert "Custom::VoiceConnectorStreaming" in types
    assert (next(outdir.glob("asset.*")) / "slr_handler" / "entrypoint.py").is_file()


def _files_of_requirements(wheel: Path) -> set[Path]:
    """Return the files of the wheel's direct and indirect requirements, without extras."""
    metadata = zipfile.Path(wheel, f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/METADATA")
    todo = [
        line.removeprefix("Requires-Dist: ")
        for line in metadata.read_text().splitlines()
        if line.startswith("Requires-Dist: ")
    ]
    seen: set[str] = set()
    entries: set[Path] = set()
    while todo:
        requirement = Requirement(todo.pop())
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not needed or requirement.name in seen:
            continue
        seen.add(requirement.name)
        distribution = importlib.metadata.distribution(requirement.name)
        todo += distribution.requires or []
        site = Path(str(distribution.locate_file("")))
        entries |= {
            site / file.parts[0]
            for file in distribution.files or []
            if file.parts[0] not in ("..", "__pycache__")
        }
    return entries
