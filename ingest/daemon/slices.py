"""Reads what a plan needs, a slice at a time, without the right to write.

    plan ──read and parse in the source's own thread──▶ Slice ──▶ applied, one source at a time

Whatever a source makes one wait for (a page, a mailbox, a network share) is waited for here. What holds up all
other sources, storing and embedding a slice, waits for nothing outside this machine.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.parsing_pool import Outcome, ParsedFile
from ingest.pipeline import Reading, SourcePlan
from ingest.planning import Planned
from ingest.run import Planning
from ingest.sources.base import Source

_SLICE_CHARS = 4_000_000
"""About 7,000 chunks, which two processors embed in half a minute, and 30 MB of Python objects."""
_SLICE_DOCUMENTS = 1000
_SLICE_SECONDS = 60.0
"""What a slow source has given by then becomes searchable; each slice publishes all vectors anew."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a planning and the outcome of each file it reads."""

    planning: Planning
    outcomes: tuple[Outcome, ...]

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[Outcome]:
        """See `Reading.parse_all`."""
        return iter(self.outcomes)


def slices_of(planning: Planning, parsers: Reading) -> Iterator[Slice]:
    """Yield a source's plan in parts to apply in this order; at least one, which may read nothing.

    The first has the removals and the unchanged documents, the last the containers to remember.
    """
    (entry,) = planning.plans
    plan = entry.plan
    first = [step for step in plan.steps if step.action in ("unchanged", "removed")]
    reads = plan.of("added", "changed", "moved")
    head: list[Planned] = first
    is_first = True
    for outcomes, is_last in _read(parsers, reads, plan.source):
        part = replace(
            plan,
            steps=(*head, *(outcome.step for outcome in outcomes)),
            touched=plan.touched if is_first else (),
            skipped=plan.skipped if is_first else (),
            warnings=plan.warnings if is_first else (),
        )
        whole = SourcePlan(part, entry.containers, entry.gone_containers)
        yield Slice(
            replace(planning, plans=(whole if is_last else SourcePlan(part, is_last=False),)),
            tuple(outcomes),
        )
        head, is_first = [], False


def _read(
    parsers: Reading, steps: Sequence[Planned], source: Source
) -> Iterator[tuple[list[Outcome], bool]]:
    """Yield (outcomes, whether they are the last)."""
    outcomes: list[Outcome] = []
    chars = 0
    started = time.monotonic()
    for done, outcome in enumerate(parsers.parse_all(steps, source), start=1):
        outcomes.append(outcome)
        chars += len(outcome.text) if isinstance(outcome, ParsedFile) else 0
        is_full = len(outcomes) >= _SLICE_DOCUMENTS or chars >= _SLICE_CHARS
        if done < len(steps) and (is_full or time.monotonic() - started >= _SLICE_SECONDS):
            yield outcomes, False
            outcomes, chars, started = [], 0, time.monotonic()
    yield outcomes, True
