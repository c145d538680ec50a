"""Whatever staff try, in whatever order: what is carried out has been approved by as many others as it needed."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.errors import BackOfficeError
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission, Role
from backoffice.staff.tables import Approval

T = TypeVar("T")
KIND = "test.four-eyes"
STAFF = [Actor(name, frozenset({Role.TREASURY})) for name in ("ann", "ben", "cay")] + [Actor("eve")]
actors = st.sampled_from(STAFF)
numbers = st.integers(1, 6)


class FourEyes(RuleBasedStateMachine):
    """Staff who propose, approve, reject and withdraw, against a model of who has said what."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        shutil.copyfile(self.template, self.home / "backoffice.sqlite")
        self.database = Database(address_of("sqlite:///backoffice.sqlite", self.home))
        self.loop = asyncio.new_event_loop()
        self.needed: dict[str, tuple[str, int]] = {}
        """Maker and number of checkers, by approval."""
        self.approved: dict[str, set[str]] = {}
        self.ended: set[str] = set()
        self.carried_out: list[str] = []
        self.now_ns = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def register(self) -> None:
        async def carry_out(_session: AsyncSession, _actor: Actor, approval: Approval, _now_ns: int) -> None:
            self.carried_out.append(approval.id)

        approvals._kinds[KIND] = approvals.Kind(KIND, Permission.APPROVE_WITHDRAWALS, carry_out)

    @rule(maker=actors, subject=st.integers(1, 3), needed=st.integers(1, 2), lasts_ns=st.integers(1, 20))
    def propose(self, maker: Actor, subject: int, needed: int, lasts_ns: int) -> None:
        async def work() -> str:
            async with self.database.writing() as session:
                made = await approvals.propose(
                    session,
                    maker,
                    KIND,
                    f"it/{subject}",
                    {},
                    why="x",
                    now_ns=self.now_ns,
                    needed=needed,
                    expires_ns=self.now_ns + lasts_ns,
                )
                return made.id

        with contextlib.suppress(BackOfficeError):
            number = self.run(work())
            self.needed[number] = (maker.user, needed)
            self.approved[number] = set()

    @rule(actor=actors, number=numbers, verb=st.sampled_from((approvals.approve, approvals.reject, approvals.withdraw)))
    def decide(self, actor: Actor, number: int, verb: Any) -> None:
        async def work() -> Approval:
            async with self.database.writing() as session:
                decided: Approval = await verb(session, actor, f"A-{number}", why="x", now_ns=self.now_ns)
                return decided

        with contextlib.suppress(BackOfficeError):
            approval = self.run(work())
            assert approval.id not in self.ended
            if verb is approvals.approve:
                self.approved[approval.id].add(actor.user)
            if approval.state != approvals.State.PENDING:
                self.ended.add(approval.id)

    @rule(later_ns=st.integers(1, 10))
    def wait(self, later_ns: int) -> None:
        self.now_ns += later_ns

    @invariant()
    def what_is_carried_out_has_been_approved_by_others(self) -> None:
        assert len(set(self.carried_out)) == len(self.carried_out)
        complete = [
            number
            for number, checkers in self.approved.items()
            if len(checkers - {self.needed[number][0], "eve"}) == self.needed[number][1]
        ]
        assert sorted(self.carried_out) == sorted(complete)

    def teardown(self) -> None:
        async def verify() -> audit.Verified:
            async with self.database.reading() as session:
                return await audit.verify(session)

        assert self.run(verify()).flaw == ""
        self.run(self.database.close())
        self.loop.close()
        shutil.rmtree(self.home)


def test_nothing_is_ever_done_by_one_person_alone(migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "_kinds", {})
    monkeypatch.setattr(FourEyes, "template", migrated_sqlite, raising=False)
    run_state_machine_as_test(FourEyes, settings=settings(max_examples=30, stateful_step_count=25))
