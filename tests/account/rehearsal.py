"""An account with one of the roles and all its usages, to release and to restore."""

from __future__ import annotations

import copy
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.account.access import Account, sign_in
from slr_constructs.account.release import Allowed, Release, plan_release
from slr_constructs.account.restore import Restore
from slr_constructs.account.state import State
from slr_constructs.account.usages import kinds_of
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    DELETION_LOCK_TAG,
    LEASE_TAG,
)
from tests.account import specimens
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from slr_constructs.account.changes import Event
    from slr_constructs.account.release import Plan
    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.features import TargetResource
    from tests.fake_services.service_linked_roles import Role
    from tests.fake_services.wire import Call, Response
    from tests.fake_services.world import World

REGIONS = ("us-east-1", "eu-central-1")
#: LIVE is the name of an existing stack, OLD that of a deleted one.
LIVE, OLD = "Live", "Old"
READING = ("Get", "List", "Describe")
#: allows everything that could block a release.
ALL = Allowed(delete_recording_configurations=True, stacks=(LIVE,))
#: a secret that must not be written anywhere.
PASSWORD = "a-password-of-an-ingest"  # noqa: S105 - it is for the test that looks for it


class Killed(BaseException):
    """The process that called was killed."""


def changes_something(call: Call) -> bool:
    """Return whether a call may change something."""
    return not call.operation.startswith(READING)


def changing(world: World) -> list[str]:
    """Return the operations so far that may have changed something."""
    return [call.operation for call in world.calls if changes_something(call)]


def let_time_pass(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Advance the clock instead of sleeping; return the seconds of every pause."""
    waited: list[float] = []
    for name in ("monotonic", "time"):
        real = getattr(time, name)
        monkeypatch.setattr(time, name, lambda real=real: real() + sum(waited))
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def few_regions(monkeypatch: pytest.MonkeyPatch, *regions: str) -> None:
    """Limit services to a few regions. Default: two."""
    monkeypatch.setattr(Account, "regions", lambda _self, _service: sorted(regions or REGIONS))


def add_role(world: World, definition: RoleDefinition, **more: str) -> Role:
    """Add a role with a description, tags, and the leases of an existing and of a deleted stack."""
    account = world.account(ACCOUNT)
    there = account.add_stack(LIVE, REGIONS[0])
    deleted = account.add_stack(OLD, REGIONS[0], status="DELETE_COMPLETE")
    leases = {f"{LEASE_TAG}aa": there, f"{LEASE_TAG}bb": deleted}
    return account.add_role(
        definition,
        description=f"a role {CREATED_MARK}",
        tags={CREATED_TAG: "true", "team": "video"} | leases | more,
    )


def settings_in(specimen: specimens.Specimen, region: str) -> dict[str, Any]:
    """Return the settings of a specimen in a region."""
    settings: dict[str, Any] = json.loads(
        json.dumps(specimen.settings).replace(specimens.REGION, region)
    )
    return settings


def add_usages(
    world: World,
    definition: RoleDefinition,
    number: int = 1,
    regions: Sequence[str] = REGIONS,
) -> list[TargetResource]:
    """Add resources of each kind that use a role to each region, and one that does not use it."""
    targets = []
    for specimen in reversed(specimens.ALL):
        if specimen.kind not in kinds_of(definition):
            continue
        for region in regions:
            for each in range(number):
                more = specimen.kept(settings_in(specimen, region))
                name = specimen.last(each)
                if specimen is specimens.RECORDING_CONFIGURATION:
                    more["name"] = f"archive-{region}-{each}"
                    name = f"recorder{each:05}"
                if specimen is specimens.LIVE_CHANNEL:
                    endpoint = {"Id": "1", "Password": PASSWORD, "Url": "u", "Username": "n"}
                    more["HlsIngest"] = {"IngestEndpoints": [endpoint]}
                data = {**specimen.off, **copy.deepcopy(more)}
                targets.append(world.features.add(specimen.fake, ACCOUNT, region, name, data))
        if specimen is not specimens.RECORDING_CONFIGURATION:
            specimen.add(world, 99, on=False)
    return targets


def picture(world: World, definition: RoleDefinition) -> dict[str, Any]:
    """Return the whole state. Recording configurations have their names instead of their ARNs."""
    recorders = {
        target.arn: f"{target.region} {target.data['name']}"
        for target in world.features._targets.values()
        if target.kind is features.RECORDING_CONFIGURATION
    }
    shown: dict[str, Any] = {}
    for target in world.features._targets.values():
        data = {
            name: recorders.get(value, value) if isinstance(value, str) else value
            for name, value in target.data.items()
        }
        name = recorders.get(target.arn, target.arn)
        assert name not in shown, f"{name} is there twice"
        shown[name] = data
    account = world.account(ACCOUNT)
    role = account.roles.get(definition.role_name)
    if role is not None:
        # the deletion lock of a killed process expires
        tags = {key: tag for key, tag in role.tags.items() if not key.startswith(DELETION_LOCK_TAG)}
        live = {key: tag for key, tag in tags.items() if f"/{OLD}/" not in tag}
        shown["role"] = {"description": role.description, "tags": live}
    return shown


class Rehearsal:
    """One account, whose world can be cleared and filled again."""

    def __init__(self, world: World, definition: RoleDefinition, path: Path) -> None:
        self.world = world
        self.definition = definition
        self.path = path
        self.account = sign_in()
        #: the events of the last run.
        self.events: list[Event] = []
        self.running: Release | Restore | None = None

    def fill(self, number: int = 1, regions: Sequence[str] = REGIONS) -> dict[str, Any]:
        """Start from the beginning, and return the state."""
        fake = self.world.account(ACCOUNT)
        self.world.features.forget(ACCOUNT)
        fake.roles.clear()
        fake.stacks.clear()
        self.path.unlink(missing_ok=True)
        # the older role of messaging is tested with resources that use the newer one, so it exists
        self.world.features.makes_role[catalogue.CHIME_MESSAGING.role_name] = True
        add_role(self.world, self.definition)
        add_usages(self.world, self.definition, number, regions)
        if self.definition is catalogue.CHIME_MESSAGING_LEGACY:
            fake.roles.pop(catalogue.CHIME_MESSAGING.role_name)
        return picture(self.world, self.definition)

    def picture(self) -> dict[str, Any]:
        """Return the current state."""
        return picture(self.world, self.definition)

    def plan(self, allowed: Allowed = ALL) -> Plan:
        """Read the account."""
        return plan_release(self.account, self.definition, allowed)

    def state(self) -> State:
        """Read the state file, or start one."""
        return State.open(self.path, self.account, self.definition)

    def release(
        self, allowed: Allowed = ALL, *, wait: float = 900, plan: Plan | None = None
    ) -> bool:
        """Release the role."""
        self.events = []
        self.running = Release(plan or self.plan(allowed), self.state(), wait, self.events.append)
        return self.running.run()

    def restore(self, *, wait: float = 300) -> bool:
        """Restore the role."""
        self.events = []
        self.running = Restore(self.account, State.read(self.path), wait, self.events.append)
        return self.running.run()

    @property
    def role(self) -> Role | None:
        """The role, if it exists."""
        return self.world.account(ACCOUNT).roles.get(self.definition.role_name)


class KillableProcess:
    """Kills the process at a call: no later call gets a response."""

    def __init__(self, world: World) -> None:
        self._respond = world.respond
        self._lock = threading.Lock()
        self._left: int | None = None
        self._carried_out = False
        self._dead = False
        self._here = threading.local()
        #: whether the call at which the process was killed may have changed something.
        self.changed = False
        world.on_call = lambda call: setattr(self._here, "call", call)
        world.respond = self._answer  # type: ignore[assignment,method-assign]

    def kill_at(self, call: int, *, carried_out: bool) -> None:
        """Kill the process at the nth call from now, before AWS gets it or before its response."""
        self._left, self._carried_out, self._dead = call, carried_out, False
        self.changed = False

    def revive(self) -> bool:
        """Allow calls again after all threads ended; return whether the process was killed."""
        finish_threads()
        killed, self._dead, self._left = self._dead, False, None
        return killed

    def _answer(self, *request: Any) -> Response:  # noqa: ANN401 - as it comes
        with self._lock:
            if self._left is not None:
                self._left -= 1
            last = self._left == 0
            if self._dead or (last and not self._carried_out):
                self._dead = True
                raise Killed
        answer = self._respond(*request)
        if last or self._dead:
            if last:
                self.changed = changes_something(self._here.call)
            self._dead = True
            raise Killed
        return answer


def finish_threads() -> None:
    """Wait until no abandoned job is running."""
    here = threading.current_thread()
    for thread in threading.enumerate():
        # an interruption may come while a thread starts
        is_started = thread.ident is not None
        if (
            thread is not here
            and is_started
            and thread.daemon
            and thread.name.endswith("(run_jobs)")
        ):
            thread.join(30)


def at_first(world: World, operation: str, act: Callable[[Call], None]) -> None:
    """Call a function once, when an operation is called for the first time."""
    done: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == operation and not done:
            done.append(call)
            act(call)

    world.on_call = on_call
