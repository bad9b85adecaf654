"""What is behind `make test-aws` and `make probe-aws`, without an account and without a network."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from click.testing import CliRunner

from slr_constructs.account.access import Account
from slr_constructs.cli.refusal import Refusal
from tests.integ import __main__ as commands
from tests.integ import sandbox as sandboxes
from tests.integ import verified
from tests.integ.bench import redacted
from tests.integ.experiments import ALL
from tests.integ.probe import Found, Result, problems, write
from tests.integ.sandbox import Sandbox, open_sandbox
from tests.published import service_model

if TYPE_CHECKING:
    from tests.integ.experiment import Experiment

ROOT = Path(__file__).parents[1]
FIRST = ALL[0]


def _result(date: str, **answers: Found) -> Result:
    every = {each.id: Found(each.answers[0].id) for each in ALL}
    return Result(date, "us-east-1", "0.1.0", emulated=False, answers=every | answers)


def _account(region: str) -> Account:
    session = boto3.Session("key", "secret", region_name=region)
    return Account(session, id="111122223333", partition="aws")


def test_pytest_collects_nothing_without_an_account() -> None:
    """Even if there are credentials, only the command of `make test-aws` uses them."""
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    options = ["--collect-only", "--quiet", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/integ", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
    assert "test_deployments" not in done.stdout


@pytest.mark.parametrize("command", ["test", "probe"])
def test_missing_credentials_are_one_sentence(command: str) -> None:
    """They are the first check, before any question."""
    nothing = {name: None for name in os.environ if name.startswith("AWS_")}
    environment = nothing | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    result = CliRunner().invoke(commands.integ, [command], env=environment)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: cannot sign in to AWS: Unable to locate credentials\n"
    )


def test_a_region_without_all_services_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the regions that have them."""
    monkeypatch.setattr(sandboxes, "sign_in", lambda: _account("us-west-2"))
    with pytest.raises(Refusal) as refused:
        open_sandbox()
    assert refused.value.message == (
        "the region must offer all services of the five features, got us-west-2. Set"
        " AWS_DEFAULT_REGION to eu-central-1 or us-east-1"
    )


def test_an_endpoint_that_is_not_of_aws_makes_the_account_emulated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A single service is enough."""
    assert not Sandbox(_account("us-east-1"), "us-east-1", {}).emulated
    monkeypatch.setenv("AWS_ENDPOINT_URL_IVS", "https://127.0.0.1:1/amazonaws.com")
    assert Sandbox(_account("us-east-1"), "us-east-1", {}).emulated


@pytest.mark.parametrize("experiment", ALL, ids=[each.id for each in ALL])
def test_an_experiment_calls_operations_that_exist(experiment: Experiment) -> None:
    """In botocore, under the names that the page shows."""
    for call in experiment.calls:
        service, _, operation = call.partition(":")
        assert operation in service_model(service).operation_names


def test_experiments_have_unique_ids_and_two_different_answers() -> None:
    """Results refer to both by id."""
    assert len({each.id for each in ALL}) == len(ALL)
    assert all(len({answer.id for answer in each.answers}) == 2 for each in ALL)


def test_evidence_identifies_neither_the_account_nor_the_caller() -> None:
    """Nor a key, a request, or an encoded message."""
    text = (
        "User: arn:aws:sts::999988887777:assumed-role/Admin/jane is not authorized on"
        " arn:aws:ivs:us-east-1:999988887777:channel/a with AKIAABCDEFGHIJKLMNOP"
        f" (123e4567-e89b-12d3-a456-426614174000) {'x' * 90}"
    )
    assert redacted(text, "999988887777") == (
        "User: CALLER is not authorized on arn:aws:ivs:us-east-1:111122223333:channel/a with KEY"
        " (UUID) TOKEN"
    )


def test_the_page_is_up_to_date() -> None:
    """Generating it again does not change it."""
    assert verified.PAGE.read_text(encoding="utf-8") == verified.page(), (
        "stale: run `make verified`"
    )


def test_the_page_has_the_newest_result(tmp_path: Path) -> None:
    """Until there is one, no question has an answer."""
    assert "**Not yet run** on AWS" in verified.page(tmp_path)
    assert verified.page(tmp_path).count("| not yet run |") == len(ALL)

    unanswered = Found("", "AccessDenied: no", evidence=("iam:GetRole: AccessDenied: no",))
    write(_result("2027-01-02T00:00:00+00:00", **{FIRST.id: unanswered}), tmp_path)
    write(_result("2026-12-31T00:00:00+00:00"), tmp_path)

    text = verified.page(tmp_path)
    assert "Run on 2027-01-02 in us-east-1, with slr-constructs 0.1.0." in text
    assert "not yet run" not in text
    assert f"{FIRST.question}](#{FIRST.id}) | no answer |" in text
    assert "No answer: AccessDenied: no" in text
    assert "iam:GetRole: AccessDenied: no" in text


def test_a_contradicted_fact_is_named(tmp_path: Path) -> None:
    """In the failures of the run and on the page."""
    contradiction = FIRST.answers[1]
    left = ("the role X: IAM does not delete the role",)
    result = _result("2027-01-02", **{FIRST.id: Found(contradiction.id, left=left)})
    assert problems(result, ALL) == [
        f"{FIRST.id}: the answer accepted contradicts {contradiction.contradicts}",
        f"{FIRST.id}: left in the account: {left[0]}",
    ]
    write(result, tmp_path)
    assert f"{contradiction.means} **This contradicts a fact" in verified.page(tmp_path)


def test_a_complete_run_on_aws_updates_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of some experiments does not, because it has no answers to the others."""
    results, written = tmp_path / "results", tmp_path / "page.md"
    monkeypatch.setattr(commands, "RESULTS", results)
    monkeypatch.setattr(verified, "PAGE", written)
    result = _result("2027-01-02T00:00:00+00:00")
    monkeypatch.setattr(commands, "run", lambda *_: result)
    sandbox = Sandbox(_account("us-east-1"), "us-east-1", {})

    assert commands._probe(sandbox, [FIRST]) == []
    assert not results.exists()
    assert commands._probe(sandbox, [*ALL]) == []
    assert [path.name for path in results.iterdir()] == ["2027-01-02-us-east-1.json"]
    assert "Run on 2027-01-02 in us-east-1" in written.read_text()


def test_a_result_of_an_emulator_is_refused_on_the_page(tmp_path: Path) -> None:
    """Even if it was copied to the folder of results on AWS."""
    write(dataclasses.replace(_result("2027-01-02"), emulated=True), tmp_path)
    with pytest.raises(ValueError, match="is the result of an emulator"):
        verified.page(tmp_path)
