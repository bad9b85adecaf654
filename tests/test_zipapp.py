"""The zipapp: it starts without an installation, and the same input results in the same bytes."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import build_zipapp, zipapp_main
from scripts.build_zipapp import PLATFORMS, ZipappError, pins, required, supported_pythons
from tests.distributions import build
from tests.tiny_wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
#: what stands for the packages: a command line that prints its arguments, and the compiled module.
MINIATURE = {
    "__main__.py": (ROOT / "scripts/zipapp_main.py").read_bytes(),
    "build.txt": b"1.0-abc",
    "packages/slr_constructs/__init__.py": b"",
    "packages/slr_constructs/cli.py": (
        b"import sys\ndef main():\n    print(__file__, *sys.argv[1:])\n"
    ),
    "packages/regex/__init__.py": b"",
    f"compiled/{zipapp_main._machine()}/regex/_regex.py": b"",
    "compiled/other-machine/regex/other.py": b"",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a zipapp with the real start, and without the real packages."""
    return _written(tmp_path, MINIATURE)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache, which does not exist yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SLR_CONSTRUCTS_CACHE", str(folder))
    return folder


def _written(folder: Path, members: Mapping[str, bytes]) -> Path:
    file = folder / "slr-constructs.pyz"
    build_zipapp._write(file, dict(members))
    return file


def _started(archive: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", archive, *words], capture_output=True, text=True, check=False
    )


# The start


def test_packages_are_extracted_once(archive: Path, cache: Path) -> None:
    """Only those for this machine. The next start uses the same folder."""
    folder = cache / f"1.0-abc-{zipapp_main._machine()}"

    first = _started(archive, "check", "cdk.out")
    (folder / "kept").touch()
    second = _started(archive, "order")

    assert first.stdout == f"{folder / 'slr_constructs/cli.py'} check cdk.out\n", first.stderr
    assert second.stdout == f"{folder / 'slr_constructs/cli.py'} order\n"
    assert (folder / "kept").exists()
    assert [each.name for each in cache.iterdir()] == [folder.name]
    assert sorted(each.name for each in (folder / "regex").glob("*.py")) == [
        "__init__.py",
        "_regex.py",
    ]


def test_the_shell_starts_the_file(archive: Path, cache: Path) -> None:
    """It is executable, and its first line names Python."""
    done = subprocess.run([archive, "audit"], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("cli.py audit\n")
    assert cache.is_dir()


def test_two_first_starts_at_the_same_time_use_one_folder(
    archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one to finish uses the files of the first."""
    rename = Path.rename

    def after_another(partial: Path, folder: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        zipapp_main._packages(archive)
        return rename(partial, folder)

    monkeypatch.setattr(Path, "rename", after_another)

    folder = zipapp_main._packages(archive)

    assert [each.name for each in cache.iterdir()] == [folder.name]


def test_a_cache_that_cannot_be_written_is_named(archive: Path, cache: Path) -> None:
    """The sentence says which variable to set."""
    cache.touch()

    done = _started(archive)

    assert done.returncode == 2
    assert re.fullmatch(
        r"slr-constructs\.pyz: the packages cannot be extracted: .*cache.*\. Set"
        r" SLR_CONSTRUCTS_CACHE to a folder that you can write to\.\n",
        done.stderr,
    ), done.stderr


def test_a_damaged_file_is_named(archive: Path, cache: Path) -> None:
    """For example a download that was interrupted."""
    content = archive.read_bytes()
    at = content.index(b"slr_constructs/cli.py") + len("slr_constructs/cli.py")
    archive.write_bytes(content[:at] + b"\0\0\0\0" + content[at + 4 :])

    done = _started(archive)

    assert done.returncode == 2
    assert re.fullmatch(
        r"slr-constructs\.pyz: the file is damaged: .*\. Download it again\.\n", done.stderr
    ), done.stderr
    assert [*cache.iterdir()] == []


def test_a_python_without_the_compiled_module_is_named(tmp_path: Path, cache: Path) -> None:
    """It is newer than the release, or on another platform."""
    members = {name: text for name, text in MINIATURE.items() if "_regex.py" not in name}

    done = _started(_written(tmp_path, members))

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert done.returncode == 2
    assert done.stderr == (
        f"slr-constructs.pyz: the package regex is not included for Python {version} on"
        f" {zipapp_main._machine()}. Install the command line instead:"
        " pip install 'slr-constructs[cli]'\n"
    )
    assert cache.is_dir()


def test_an_older_python_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named before anything is extracted."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))

    with pytest.raises(SystemExit) as ended:
        zipapp_main._start()

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "slr-constructs.pyz: Python 3.11 or later is required, and this is Python 3.10\n"
    )


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            RuntimeError("Could not determine home directory."),
            2,
            (
                "the packages cannot be extracted: Could not determine home directory.. Set"
                " SLR_CONSTRUCTS_CACHE to a folder that you can write to."
            ),
        ),
    ],
    ids=["interrupted", "no-home"],
)
def test_a_start_that_fails_prints_one_sentence(
    error: BaseException,
    status: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It prints no traceback."""

    def fail(_: Path) -> Path:
        raise error

    monkeypatch.setattr(zipapp_main, "_packages", fail)

    with pytest.raises(SystemExit) as ended:
        zipapp_main._start()

    assert ended.value.code == status
    assert capsys.readouterr().err == f"slr-constructs.pyz: {sentence}\n"


def test_an_interruption_leaves_no_partial_folder(
    archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later start extracts the packages again."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "extract", interrupt)

    with pytest.raises(KeyboardInterrupt):
        zipapp_main._packages(archive)

    assert [*cache.iterdir()] == []


@pytest.mark.parametrize(
    ("system", "processor", "name"),
    [
        ("linux", "x86_64", "linux-x86_64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "arm64", "darwin-aarch64"),
        ("darwin", "x86_64", "darwin-x86_64"),
        ("win32", "AMD64", "win32-x86_64"),
        ("win32", "ARM64", "win32-aarch64"),
    ],
)
def test_each_machine_has_compiled_modules(
    system: str, processor: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that Python has for a machine are those of the builds."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: processor)

    assert zipapp_main._machine() == name
    assert name in PLATFORMS.values()


@pytest.mark.parametrize(
    ("system", "variables", "folder"),
    [
        ("linux", {}, "HOME/.cache/slr-constructs"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/slr-constructs"),
        ("darwin", {}, "HOME/Library/Caches/slr-constructs"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/slr-constructs"),
        ("win32", {}, "HOME/AppData/Local/slr-constructs"),
        ("linux", {"SLR_CONSTRUCTS_CACHE": "/mine"}, "/mine"),
    ],
    ids=["linux", "xdg", "macos", "windows", "windows-without-variable", "chosen"],
)
def test_the_cache_is_where_the_system_has_its_caches(
    system: str, variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless a variable names another folder."""
    monkeypatch.setattr(sys, "platform", system)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "SLR_CONSTRUCTS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert zipapp_main._cache() == Path(folder.replace("HOME", str(Path.home())))


# The build


def test_packages_are_those_of_the_command_line() -> None:
    """Without CDK, and with all versions of the lock, each with its hashes."""
    names = required(["cfn-lint>=1", "boto3", "rich"], ["3.11", "3.14"])
    lines = pins(names).splitlines()

    assert {"cfn-lint", "boto3", "rich", "botocore", "regex", "urllib3", "networkx"} <= names
    assert not names & {"aws-cdk-lib", "jsii", "constructs", "pytest"}
    pinned = [re.split(r"[=[]", line)[0] for line in lines if re.match("[a-z]", line)]
    assert {*pinned} == names
    assert sum("--hash=sha256:" in line for line in lines) >= len(pinned)


def test_packages_of_other_platforms_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that only Windows requires is not installed here."""
    marked = {"only-here": ["nt-only; sys_platform == 'win32'", "extra-only; extra == 'x'"]}

    def found(name: str) -> object:
        if name not in marked:
            raise PackageNotFoundError(name)
        return type("Distribution", (), {"requires": marked[name]})()

    monkeypatch.setattr(build_zipapp, "distribution", found)

    assert required(["Only_Here"], ["3.11"]) == {"only-here", "nt-only"}


def test_supported_pythons_are_those_of_the_classifiers() -> None:
    """The oldest one is first."""
    names = ("Programming Language :: Python :: 3", "Programming Language :: Python :: 3 :: Only")
    versions = ("Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.12")

    assert supported_pythons([*names, *versions]) == ["3.11", "3.12"]


def _installs(files: Mapping[str, str]) -> object:
    """Return what replaces the installation: it writes files, and those of each pinned package."""

    def install(target: Path, requirements: str, system: str, python: str) -> None:
        named = dict.fromkeys(files, "")
        for name in re.findall(r"^([\w-]+)[=[]", requirements, re.MULTILINE):
            named[f"{name}-1.0.dist-info/METADATA"] = ""
        named[f"regex/_regex.{system}-{python}.so"] = ""
        for path in named:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(files.get(path, "x"))

    return install


def test_the_file_has_packages_and_compiled_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no programs, no tests, and nothing that names the machine of the build."""
    wheel = build_wheel(tmp_path, "slr_constructs", files={"slr_constructs/cli.py": "main"})
    omitted = ("bin/cfn-lint", "cfnlint/tests/x.py", ".lock", "a-1.dist-info/direct_url.json")
    monkeypatch.setattr(build_zipapp, "_install", _installs(dict.fromkeys(omitted, "/here")))
    first, second = tmp_path / "first.pyz", tmp_path / "second.pyz"

    build_zipapp.build(wheel, first)
    build_zipapp.build(wheel, second)

    with zipfile.ZipFile(first) as opened:
        names = {*opened.namelist()}
        assert opened.read("__main__.py") == MINIATURE["__main__.py"]
        assert re.fullmatch(rb"1\.0-[0-9a-f]{12}", opened.read("build.txt"))
        assert {each.date_time[0] for each in opened.infolist()} == {1980}
    assert "packages/slr_constructs/cli.py" in names
    assert "packages/slr_constructs-1.0.dist-info/METADATA" in names
    assert "compiled/win32-aarch64/regex/_regex.aarch64-pc-windows-msvc-3.14.so" in names
    assert not any(each.endswith(omitted) or "RECORD" in each for each in names)
    assert first.read_bytes() == second.read_bytes()


def test_the_folder_of_the_cache_depends_on_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a file with other packages does not use what another one extracted."""
    monkeypatch.setattr(build_zipapp, "_install", _installs({}))
    builds = set()
    for text in ("one", "two"):
        wheel = build_wheel(tmp_path, "slr_constructs", files={"slr_constructs/cli.py": text})
        build_zipapp.build(wheel, tmp_path / "x.pyz")
        builds.add(zipfile.ZipFile(tmp_path / "x.pyz").read("build.txt"))

    assert len(builds) == 2


def test_fails_when_a_package_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newest versions may require a newer Python."""
    monkeypatch.setattr(build_zipapp, "_install", lambda target, *_: target.mkdir())

    with pytest.raises(ZipappError, match=r"boto3, .*: no version for Python 3\.11$"):
        build_zipapp.build(build_wheel(tmp_path, "slr_constructs"), tmp_path / "x.pyz")


def test_fails_when_a_package_cannot_be_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of uv is first."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    digest = "0" * 64

    with pytest.raises(ZipappError) as refused:
        build_zipapp._install(
            tmp_path / "target",
            f"not-a-package-of-anyone==1 --hash=sha256:{digest}\n",
            "x86_64-unknown-linux-gnu",
            "3.11",
        )

    assert "not-a-package-of-anyone" in str(refused.value)
    assert str(refused.value).endswith("\nuv could not install the packages of the file.")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that a release has."""
    folder = tmp_path_factory.mktemp("zipapp")
    file = folder / "slr-constructs.pyz"
    build_zipapp.build(build(folder).wheel, file)
    return file


@pytest.mark.exhaustive
def test_the_real_file_works_without_any_package(real: Path, cache: Path, tmp_path: Path) -> None:
    """Its output is that of the installed command line, and its size is the documented one."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    program = Path(sys.executable).with_name("slr-constructs")
    template = str(ROOT / "tests/guard/cases/ivs-recording-not-ordered.yaml")
    environment = os.environ | {"COLUMNS": "100"}
    page = (ROOT / "docs/install.md").read_text()
    (size,) = re.findall(r"It has about (\d+) MB", page)
    (extracted,) = re.findall(r"first start extracts about (\d+) MB", page)
    assert _started(real, "--version").returncode == 0
    files = [each.stat().st_size for each in cache.rglob("*") if each.suffix != ".pyc"]
    assert sum(files) / 1e6 == pytest.approx(int(extracted), rel=0.15)

    for words, status in (
        (("--version",), 0),
        (("check", "--help"), 0),
        (("order", "--help"), 0),
        (("diff", "--help"), 0),
        (("check", template), 1),
        (("order", template), 0),
        (("diff", template, template), 0),
        (("policy", "--deploy", "ivs"), 0),
        (("baseline",), 0),
    ):
        ours, installed = (
            subprocess.run(
                [*command, *words], env=environment, capture_output=True, text=True, check=False
            )
            for command in ([python, "-I", real], [program])
        )
        assert (ours.returncode, ours.stderr) == (status, "")
        assert ours.stdout == installed.stdout
    assert len([*cache.iterdir()]) == 1
    assert real.stat().st_size / 1e6 == pytest.approx(int(size), rel=0.15)


@pytest.mark.exhaustive
def test_the_real_file_has_each_build_and_is_the_same_again(real: Path, tmp_path: Path) -> None:
    """One compiled module for each platform and Python."""
    (wheel,) = real.parent.glob("*.whl")
    again = tmp_path / "again.pyz"
    build_zipapp.build(wheel, again)

    compiled = [n for n in zipfile.ZipFile(real).namelist() if n.startswith("compiled/")]
    assert len(compiled) == len(PLATFORMS) * 4
    assert again.read_bytes() == real.read_bytes()
