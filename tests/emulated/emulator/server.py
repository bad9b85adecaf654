"""The emulator: MiniStack on loopback in this process, with patches and additional services.

The CDK command line, boto3 in tests, and the function call the emulator instead of AWS. The
function runs from the zip that was uploaded. IAM checks every call of the function against the
policies of its role (`AUTH=true`).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypercorn.asyncio import serve
from hypercorn.config import Config as ServerConfig
from ministack.app import app
from ministack.core.responses import get_account_id, get_region

from tests.emulated.emulator import patches, resource_types
from tests.emulated.emulator.behaviour import Behaviour
from tests.emulated.emulator.clock import Clock
from tests.emulated.emulator.custom_resources import STACK, CustomResources
from tests.emulated.emulator.functions import Functions
from tests.emulated.emulator.service_linked_roles import ServiceLinkedRoles
from tests.emulated.journal import Journal
from tests.fake_services.features import Features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulated.emulator.functions import Function
    from tests.fake_services.features import TargetResource

_HOST = "127.0.0.1"
_SECRET = "test"  # noqa: S105 - MiniStack's, for every account
_OPERATION_SECONDS = 120
#: ignore the settings and credentials of this machine.
_ISOLATION = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Emulator:
    """AWS on loopback; one for a process."""

    def __init__(self, folder: Path) -> None:
        #: a folder for files of the callers.
        self.folder = folder
        self._ended: dict[str, int] = {}
        self._operation_ended = threading.Condition()
        self._clients: dict[tuple[str, ...], Any] = {}
        self._sockets = [_listening(), _listening()]
        secure, plain = (each.getsockname()[1] for each in self._sockets)
        #: the URL for functions and boto3.
        self.url = f"http://{_HOST}:{plain}"
        #: the URL for the CDK command line: its bucket's policy denies unencrypted requests.
        self.secure_url = f"https://{_HOST}:{secure}"
        self.certificate, self._key = _certificate(folder)
        self.clock = Clock()
        self.journal = Journal(self.clock.now)
        self.behaviour = Behaviour()
        self._functions = Functions(folder, self.clock)
        os.environ["TMPDIR"] = str(folder)
        self._patch()
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="emulator", daemon=True)
        self._thread.start()
        self._functions.wait_until_ready()

    def _patch(self) -> None:
        self.roles = ServiceLinkedRoles(self.clock, self.journal, self.behaviour, self._uses)
        self.features = Features(self.roles, on_change=self._feature_changed)
        custom_resources = CustomResources(
            self.url,
            self.clock,
            self.journal,
            self.behaviour,
            self._functions,
            self._write_log,
        )
        self.roles.install()
        custom_resources.install()
        resource_types.register(self.features, self.roles, self._resource)
        patches.independent_resources_in_any_order(self.behaviour)
        patches.generated_names_differ_by_region()
        patches.delete_after_failed_create(custom_resources, self.clock)
        patches.failed_delete_keeps_dependencies()
        patches.new_resources_of_an_update_are_created()
        patches.wait_conditions_take_simulated_time(self.clock)
        patches.resources_show_their_status()
        patches.deleted_stacks_are_found_by_id()
        patches.operations_are_actors(self.clock, self._end_operation)
        patches.stacks_are_found_by_resource()
        patches.region_operations_are_authorized()
        patches.feature_services(self.features, self.behaviour)
        patches.denials_with_service_codes()
        patches.actions_and_resources(self.features, self.behaviour)
        patches.condition_keys()
        patches.function_calls(self.behaviour, self._functions, self.journal)
        self._deliveries = custom_resources.deliveries

    def _serve(self) -> None:
        config = ServerConfig()
        secure, plain = self._sockets
        config.bind = [f"fd://{secure.fileno()}"]
        config.insecure_bind = [f"fd://{plain.fileno()}"]
        config.certfile, config.keyfile = str(self.certificate), str(self._key)
        config.keep_alive_timeout = 75
        config.loglevel = "ERROR"
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve(app, config, shutdown_trigger=self._stopping.wait))

    def stop(self) -> None:
        """Stop all threads and processes."""
        for thread in self._deliveries:
            thread.join(_OPERATION_SECONDS)
        self._functions.stop()
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_OPERATION_SECONDS)

    # for tests

    def reset(self) -> None:
        """Reset the behaviour and the features, and advance to the beginning of the next minute."""
        self.behaviour.reset()
        self.features.reset()
        # IAM returns the creation time of a role in whole seconds: a run must wait equally long for
        # that reason in every test
        with self.paused() as actor:
            self.clock.sleep(actor, 60 - self.clock.now() % 60)

    def client(self, service: str, account: str, region: str) -> Any:
        """Return a client with all permissions in an account."""
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=account,
                aws_secret_access_key=_SECRET,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[key]

    def environment(self, account: str, region: str) -> dict[str, str]:
        """Return the environment of a command that calls the emulator as an account."""
        return {
            **_ISOLATION,
            "AWS_ENDPOINT_URL": self.secure_url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CA_BUNDLE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
        }

    def wait_for(self, stack_id: str, operations: int) -> None:
        """Wait until the given number of operations of a stack have ended since the start."""
        with self._operation_ended:
            if not self._operation_ended.wait_for(
                lambda: self._ended.get(stack_id, 0) >= operations, _OPERATION_SECONDS
            ):
                raise TimeoutError(f"{stack_id} does not come to an end")

    def ended(self, stack_id: str) -> int:
        """Return the number of a stack's operations that have ended."""
        with self._operation_ended:
            return self._ended.get(stack_id, 0)

    @contextlib.contextmanager
    def paused(self) -> Iterator[str]:
        """Pause time except for waits of the body, so that it can start several actions at once."""
        with self.clock.actor("test") as actor:
            yield actor

    # callbacks

    def _uses(self, account: str, role_name: str) -> dict[str, list[str]]:
        return self.features.uses(account, role_name)

    def _end_operation(self, stack_id: str) -> None:
        with self._operation_ended:
            self._ended[stack_id] = self._ended.get(stack_id, 0) + 1
            self._operation_ended.notify_all()

    def _feature_changed(self, target: TargetResource, what: str, on: bool) -> None:  # noqa: FBT001 - as it is called
        self.journal.add(
            "feature",
            target.account,
            what,
            region=target.region,
            # empty if the function or a test changed the feature
            stack=STACK.get(),
            type=target.arn,
            on=on,
            role=target.kind.definition.role_name,
        )

    def _resource(
        self, what: str, stack: str, logical_id: str, type: str, physical_id: str
    ) -> None:
        self.journal.add(
            "resource",
            get_account_id(),
            what,
            region=get_region(),
            stack=stack,
            logical_id=logical_id,
            type=type,
            physical_id=physical_id,
        )

    def _write_log(self, function: Function, stream: str, lines: tuple[str, ...]) -> str | None:
        """Write a run's log as Lambda does, with the permissions of the function's role."""
        environment = function.environment
        key = ("logs", environment["AWS_ACCESS_KEY_ID"], function.region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                "logs",
                region_name=function.region,
                endpoint_url=self.url,
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=environment["AWS_SESSION_TOKEN"],
                config=Config(retries={"total_max_attempts": 1}),
            )
        logs = self._clients[key]
        group = {
            "logGroupName": environment["AWS_LAMBDA_LOG_GROUP_NAME"],
            "logStreamName": stream,
        }
        now = int(dt.datetime.now(tz=dt.UTC).timestamp() * 1000)
        if not lines:
            return None
        try:
            logs.create_log_stream(**group)
            logs.put_log_events(
                **group, logEvents=[{"timestamp": now, "message": line or " "} for line in lines]
            )
        except ClientError as error:
            return str(error)
        return None


@contextlib.contextmanager
def emulator() -> Iterator[Emulator]:
    """Start the emulator, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        started = Emulator(Path(folder))
        try:
            yield started
        finally:
            started.stop()


def _listening() -> socket.socket:
    listening = socket.socket()
    listening.bind((_HOST, 0))
    return listening


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Create a certificate that is valid only for loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
