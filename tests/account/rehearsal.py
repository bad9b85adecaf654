"""An account with one of the roles, and all that uses it: released, and restored."""

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
from slr_constructs.account.uses import kinds_of
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
    MADE_MARK,
    MADE_TAG,
)
from tests.account import specimens
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from slr_constructs.account.changing import Event
    from slr_constructs.account.release import Plan
    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.features import Thing
    from tests.fake_services.service_linked_roles import Role
    from tests.fake_services.wire import Call, Response
    from tests.fake_services.world import World

REGIONS = ("us-east-1", "eu-central-1")
#: a stack of it is there, and one of it is gone.
LIVE, OLD = "Live", "Old"
READING = ("Get", "List", "Describe")
#: what is allowed where nothing is to stand against a release.
ALL = Allowed(delete_recording_configurations=True, stacks=(LIVE,))
#: that nobody may write down.
PASSWORD = "a-password-of-an-ingest"  # noqa: S105 - it is for the test that looks for it


class Died(BaseException):
    """The process that called is no more."""


def changes_something(call: Call) -> bool:
    """Tell whether a call may change something."""
    return not call.operation.startswith(READING)


def changing(world: World) -> list[str]:
    """Return the operations so far that may have changed something."""
    return [call.operation for call in world.calls if changes_something(call)]


def let_time_pass(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass where somebody waits, without waiting; return the seconds of every wait."""
    waited: list[float] = []
    for name in ("monotonic", "time"):
        real = getattr(time, name)
        monkeypatch.setattr(time, name, lambda real=real: real() + sum(waited))
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def few_regions(monkeypatch: pytest.MonkeyPatch, *regions: str) -> None:
    """Have services in a few regions alone, by default in two: what is read is another test's."""
    monkeypatch.setattr(Account, "regions", lambda _self, _service: sorted(regions or REGIONS))


def add_role(world: World, definition: RoleDefinition, **more: str) -> Role:
    """Put a role there with a description, tags, and leases of a stack and of one that is gone."""
    account = world.account(ACCOUNT)
    there = account.add_stack(LIVE, REGIONS[0])
    gone = account.add_stack(OLD, REGIONS[0], status="DELETE_COMPLETE")
    leases = {f"{LEASE_TAG}aa": there, f"{LEASE_TAG}bb": gone}
    return account.add_role(
        definition,
        description=f"a role {MADE_MARK}",
        tags={MADE_TAG: "true", "team": "video"} | leases | more,
    )


def settings_in(specimen: specimens.Specimen, region: str) -> dict[str, Any]:
    """Return a specimen's settings as they are in a region."""
    settings: dict[str, Any] = json.loads(
        json.dumps(specimen.settings).replace(specimens.REGION, region)
    )
    return settings


def add_users(
    world: World,
    definition: RoleDefinition,
    number: int = 1,
    regions: Sequence[str] = REGIONS,
) -> list[Thing]:
    """Put things of each kind there that use a role, in each region, and one that does not."""
    things = []
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
                things.append(world.features.add(specimen.fake, ACCOUNT, region, name, data))
        if specimen is not specimens.RECORDING_CONFIGURATION:
            specimen.add(world, 99, on=False)
    return things


def picture(world: World, definition: RoleDefinition) -> dict[str, Any]:
    """Return all that there is; recording configurations by their names, not their ARNs."""
    recorders = {
        thing.arn: f"{thing.region} {thing.data['name']}"
        for thing in world.features._things.values()
        if thing.kind is features.RECORDING_CONFIGURATION
    }
    shown: dict[str, Any] = {}
    for thing in world.features._things.values():
        data = {
            name: recorders.get(value, value) if isinstance(value, str) else value
            for name, value in thing.data.items()
        }
        name = recorders.get(thing.arn, thing.arn)
        assert name not in shown, f"{name} is there twice"
        shown[name] = data
    account = world.account(ACCOUNT)
    role = account.roles.get(definition.role_name)
    if role is not None:
        # marks of who died while he deleted it count for nothing after a while
        tags = {key: tag for key, tag in role.tags.items() if not key.startswith(CLOSING_TAG)}
        live = {key: tag for key, tag in tags.items() if f"/{OLD}/" not in tag}
        shown["role"] = {"description": role.description, "tags": live}
    return shown


class Rehearsal:
    """One account, whose world may be emptied and filled again."""

    def __init__(self, world: World, definition: RoleDefinition, path: Path) -> None:
        self.world = world
        self.definition = definition
        self.path = path
        self.account = sign_in()
        #: what was told by the last run.
        self.told: list[Event] = []
        self.going_on: Release | Restore | None = None

    def fill(self, number: int = 1, regions: Sequence[str] = REGIONS) -> dict[str, Any]:
        """Start from the beginning, and return what there is."""
        fake = self.world.account(ACCOUNT)
        self.world.features.forget(ACCOUNT)
        fake.roles.clear()
        fake.stacks.clear()
        self.path.unlink(missing_ok=True)
        # the older role of messaging is for things that need today's, which is made with them
        self.world.features.makes_role[catalogue.CHIME_MESSAGING.role_name] = True
        add_role(self.world, self.definition)
        add_users(self.world, self.definition, number, regions)
        if self.definition is catalogue.CHIME_MESSAGING_LEGACY:
            fake.roles.pop(catalogue.CHIME_MESSAGING.role_name)
        return picture(self.world, self.definition)

    def picture(self) -> dict[str, Any]:
        """Return what there is now."""
        return picture(self.world, self.definition)

    def plan(self, allowed: Allowed = ALL) -> Plan:
        """Read the account."""
        return plan_release(self.account, self.definition, allowed)

    def state(self) -> State:
        """Read the state file, or begin one."""
        return State.open(self.path, self.account, self.definition)

    def release(
        self, allowed: Allowed = ALL, *, wait: float = 900, plan: Plan | None = None
    ) -> bool:
        """Release the role."""
        self.told = []
        self.going_on = Release(plan or self.plan(allowed), self.state(), wait, self.told.append)
        return self.going_on.run()

    def restore(self, *, wait: float = 300) -> bool:
        """Put it back."""
        self.told = []
        self.going_on = Restore(self.account, State.read(self.path), wait, self.told.append)
        return self.going_on.run()

    @property
    def role(self) -> Role | None:
        """The role, if it is there."""
        return self.world.account(ACCOUNT).roles.get(self.definition.role_name)


class Mortal:
    """Lets whoever calls die at a call: no call after that one is answered either."""

    def __init__(self, world: World) -> None:
        self._respond = world.respond
        self._lock = threading.Lock()
        self._left: int | None = None
        self._carried_out = False
        self._dead = False
        self._here = threading.local()
        #: whether the call at which somebody died may have changed something.
        self.changed = False
        world.on_call = lambda call: setattr(self._here, "call", call)
        world.respond = self._answer  # type: ignore[assignment,method-assign]

    def die_at(self, call: int, *, carried_out: bool) -> None:
        """Die at the nth call from now, before it reaches AWS or before its answer comes."""
        self._left, self._carried_out, self._dead = call, carried_out, False
        self.changed = False

    def rise(self) -> bool:
        """Live again once all that called is gone, and tell whether anybody had died."""
        finish_threads()
        died, self._dead, self._left = self._dead, False, None
        return died

    def _answer(self, *request: Any) -> Response:  # noqa: ANN401 - as it comes
        with self._lock:
            if self._left is not None:
                self._left -= 1
            last = self._left == 0
            if self._dead or (last and not self._carried_out):
                self._dead = True
                raise Died
        answer = self._respond(*request)
        if last or self._dead:
            if last:
                self.changed = changes_something(self._here.call)
            self._dead = True
            raise Died
        return answer


def finish_threads() -> None:
    """Wait until nothing goes on that nobody listens to any more."""
    here = threading.current_thread()
    for thread in threading.enumerate():
        if thread is not here and thread.daemon and thread.name.endswith("(_do)"):
            thread.join(30)


def at_first(world: World, operation: str, act: Callable[[Call], None]) -> None:
    """Do something once, when an operation is called for the first time."""
    done: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == operation and not done:
            done.append(call)
            act(call)

    world.on_call = on_call
