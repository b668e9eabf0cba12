"""What is compared live, as the settings say it, checked before anybody gets it."""

from dataclasses import dataclass

from app.arm_labels import Arm
from core.answers import Caller
from core.errors import ConfigError
from core.settings import Settings
from core.variants import CURRENT, find_variant, read_variants


@dataclass(frozen=True, slots=True)
class Plan:
    """A live comparison: `share` of readers get the variant, `shadow_share` of questions are answered by both.

    `groups` are the principals that take part, `channels` the faces; empty means all.
    """

    experiment: str
    variant: str
    share: float
    shadow_share: float
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def current(self) -> Arm:
        """The arm of everybody else."""
        return Arm(self.experiment, CURRENT)

    @property
    def tried(self) -> Arm:
        """The arm of the chosen readers."""
        return Arm(self.experiment, self.variant)

    def takes_part(self, caller: Caller) -> bool:
        """Return whether a reader is in either arm."""
        return not self.groups or not caller.principals.isdisjoint(self.groups)


def plan_of(settings: Settings, channel: str) -> Plan | None:
    """Return what is compared on a channel; None where nothing is."""
    chosen = settings.experiment
    if not chosen.name or (chosen.channels and channel not in chosen.channels):
        return None
    return Plan(
        chosen.name,
        chosen.variant,
        chosen.share,
        chosen.shadow_share,
        chosen.groups,
        chosen.channels,
    )


def settings_of_variant(settings: Settings) -> Settings:
    """Return the settings that the chosen readers are answered with.

    Raises:
        FootnoteError: there is no such variant, or it cannot be compared live; the message says what to do.
    """
    name = settings.experiment.variant
    if not name:
        raise ConfigError(
            "FOOTNOTE_EXPERIMENT__NAME is set and FOOTNOTE_EXPERIMENT__VARIANT is not. "
            "Set it to a variant of the variants file."
        )
    if name == CURRENT:
        raise ConfigError(
            f"FOOTNOTE_EXPERIMENT__VARIANT is {CURRENT!r}, which everybody gets already. "
            "Set it to a variant of the variants file."
        )
    variant = find_variant(read_variants(settings.evaluation.variants_file), name)
    fixed = variant.index_changes(settings)
    if fixed:
        raise ConfigError(
            f"The variant {name!r} changes {', '.join(fixed)}, which was decided when the documents were ingested. "
            "Compare it with `footnote eval run` and `eval compare`; live, only what answers from the same index can "
            "differ."
        )
    return variant.applied_to(settings)
