"""Starts plans and runs of sources for admins, and says how far they are."""

from dataclasses import dataclass

from sqlalchemy import insert

from app.knowledge.background import BackgroundCommands, CommandState, StartedCommand
from app.knowledge.configured import ConfiguredSources
from app.knowledge.ingest_arguments import plan_arguments, require_listed, run_arguments
from app.knowledge.outcomes import Outcome, PlanReport, outcome_of, plan_report
from core.answers import Caller
from core.errors import UsageError
from core.ids import new_id
from core.moments import stamp, utc_now
from core.settings import Settings, environment_for
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.lease import Lease, current_lease
from index.run_lock import lease_elsewhere
from index.schema import audit

PLAN_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on in the data folder now.

    `run` and `plan` are the last ones that were started from a page; `lease` is the writer's, None while nobody
    writes: it may be another process than `run`.
    """

    run: CommandState | None
    plan: CommandState | None
    lease: Lease | None

    @property
    def is_busy(self) -> bool:
        """Whether something that was started here runs, or anybody writes."""
        started = any(state is not None and state.is_running for state in (self.run, self.plan))
        return started or self.lease is not None

    @property
    def key(self) -> tuple[str, bool, str, bool]:
        """Return what changes when something begins or ends, not while it goes on."""
        return (*_key(self.run), *_key(self.plan))

    def outcome(self) -> Outcome | None:
        """Return how the last run ended; None while it runs, or if there was none."""
        return None if self.run is None or self.run.is_running else outcome_of(self.run)

    def planned(self) -> PlanReport | None:
        """Return what the last plan says; None while it is made, and if it failed."""
        return None if self.plan is None or self.plan.is_running else plan_report(self.plan.output)


class SourceRuns:
    """The plans and runs of one data folder; whoever calls has asked whether the caller may."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, configured: ConfiguredSources
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._configured = configured
        self._runs = BackgroundCommands(settings.data_dir, "run")
        self._plans = BackgroundCommands(settings.data_dir, "plan")

    def activity(self) -> Activity:
        """Return what goes on now; reads three small files."""
        lease = current_lease(self._settings.data_dir) or lease_elsewhere(self._catalogue.engine)
        return Activity(self._runs.state(), self._plans.state(), lease)

    def plan(self, caller: Caller, source: str) -> StartedCommand:
        """Start to look at what a run of a source would change.

        Raises:
            NotFound: it is not configured.
            FolderBusy: another one is being looked at.
        """
        require_listed(source, self._configured.read().names)
        environment = environment_for(self._settings)
        return self._plans.start(
            plan_arguments(source), environment, source, caller.name, limit_s=PLAN_LIMIT_S
        )

    def run(
        self, caller: Caller, source: str, *, retry: bool, agreed_removals: int | None
    ) -> StartedCommand:
        """Start a run of a source. `agreed_removals` is the number of documents that the caller agreed to lose.

        Raises:
            NotFound: it is not configured.
            UsageError: what was agreed to is not what the last plan of this source says.
            FolderBusy: another run is at work.
        """
        require_listed(source, self._configured.read().names)
        if agreed_removals is not None:
            self._require_planned(source, agreed_removals)
        allow = agreed_removals is not None
        what = "retry" if retry else "mass_delete" if allow else "run"
        started = self._runs.start(
            run_arguments(source, retry=retry, allow_mass_delete=allow),
            environment_for(self._settings),
            source,
            caller.name,
            what,
        )
        self._note(caller, f"ingest_{what}_started", source)
        return started

    def _require_planned(self, source: str, agreed: int) -> None:
        plan = self._plans.state()
        planned = None
        if plan is not None and not plan.is_running and plan.command.source == source:
            planned = plan_report(plan.output)
        if planned is None or not planned.removed or planned.removed != agreed:
            raise UsageError(
                f"What would be removed from {source!r} is not known any more. See what would change first, "
                "then agree to the number that it names."
            )

    def _note(self, caller: Caller, action: str, source: str) -> None:
        data_dir, engine = self._settings.data_dir, self._catalogue.engine
        with storage_errors(data_dir), writing(engine) as connection:
            connection.execute(
                insert(audit).values(
                    audit_id=new_id(),
                    at=stamp(utc_now()),
                    actor=caller.name,
                    action=action,
                    object=source,
                )
            )


def _key(state: CommandState | None) -> tuple[str, bool]:
    return (state.command.command_id, state.is_running) if state else ("", False)
