"""What keys and buttons of the review page do; each is a callback, so that the next run draws what it left."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.review.case_fields import CaseFields
from app.review.desk import ReviewDesk
from app.review.states import Decision
from app.web.problems import sentence_for
from app.web.review import tab
from core.answers import Caller
from core.errors import FootnoteError

_DONE: dict[Decision, str] = {
    "accept": "Accepted.",
    "correct": "Accepted with your correction.",
    "reject": "Rejected. Whoever flagged it reads your note.",
    "duplicate": "Marked as a duplicate.",
    "fix": "Marked as fixed.",
    "reopen": "Opened again.",
}


class Actions:
    """The actions of one reviewer on the flag that is open in this tab."""

    def __init__(self, desk: ReviewDesk, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller
        self._keys: dict[str, Callable[[], None]] = {
            "j": lambda: self.step(1),
            "k": lambda: self.step(-1),
            "a": self.accept,
            "r": lambda: self.toggle_form("reject"),
            "c": lambda: self.toggle_form("correct"),
            "d": lambda: self.toggle_form("duplicate"),
            "p": lambda: self.toggle_form("promote"),
            "t": lambda: self.toggle_form("triage"),
            "e": self.look_at_evidence,
            "u": self.undo,
            "?": tab.toggle_help,
            "Escape": self.escape,
        }

    @property
    def keys(self) -> Sequence[str]:
        """The keys that do something."""
        return tuple(self._keys)

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        self._keys[key]()

    def open(self, feedback_id: str) -> None:
        """Open a flag; the one before is let go."""
        self._release()
        tab.show_flag(feedback_id)

    def close(self) -> None:
        """Close the open flag."""
        self._release()
        tab.show_flag("")

    def step(self, by: int) -> None:
        """Open the next or the previous flag of the list that the caller may see."""
        ids = self._ids()
        opened = tab.opened_flag()
        if not ids:
            return
        if opened not in ids:
            self.open(ids[0])
            return
        place = ids.index(opened) + by
        if 0 <= place < len(ids):
            self.open(ids[place])

    def toggle_form(self, name: tab.Form) -> None:
        """Open a form under the flag, or close it again."""
        if tab.opened_flag():
            tab.set_form("" if tab.form() == name else name)

    def look_at_evidence(self) -> None:
        """Bring the evidence of the open flag into view."""
        if tab.opened_flag():
            tab.look_at_evidence()

    def escape(self) -> None:
        """Close what is open: the list of keys, then the form, then the flag."""
        if tab.is_help_shown():
            tab.toggle_help()
        elif tab.form():
            tab.set_form("")
        else:
            self.close()

    def accept(self) -> None:
        """Accept the open flag as it is."""
        self.decide("accept")

    def decide(self, decision: Decision, **given: str) -> None:
        """Decide the open flag and open the next one; what stands in the way is said, and nothing is lost."""
        opened = tab.opened_flag()
        if not opened:
            return
        following = self._following(opened)
        labels = {**_chosen_labels(opened), **given}
        if decision in ("reject", "duplicate") and labels["root_cause"] == tab.suggested_cause():
            # What was only suggested says nothing of an answer that is right, or of the flag before.
            labels["root_cause"] = ""
        if self._try(
            lambda: self._desk.decide(opened, self._caller, decision, seen=tab.seen(), **labels)
        ):
            tab.say("saved", _DONE[decision], undoable=opened)
            tab.show_flag(following)

    def triage(self, **given: str) -> None:
        """Triage the open flag and open the next one that waits."""
        opened = tab.opened_flag()
        following = self._following(opened)
        labels = {**_chosen_labels(opened), **given}
        if self._try(lambda: self._desk.triage(opened, self._caller, seen=tab.seen(), **labels)):
            tab.say("saved", "Triaged.", undoable=opened)
            tab.show_flag(following)

    def decide_many(self, feedback_ids: Sequence[str], decision: Decision, note: str) -> None:
        """Decide several flags the same way; duplicates are those of the open flag."""
        if not feedback_ids:
            tab.say("stopped", "Choose at least one flag.")
            return
        dup_of = tab.opened_flag() if decision == "duplicate" else ""
        results = self._desk.decide_many(
            feedback_ids, self._caller, decision, note=note, dup_of=dup_of
        )
        problems = [result.problem for result in results if result.problem]
        done = len(results) - len(problems)
        sentence = f"{done} {'flag' if done == 1 else 'flags'} decided."
        if problems:
            tab.say("stopped", " ".join([sentence, f"{len(problems)} not: {problems[0]}"]))
        else:
            tab.say("saved", sentence)

    def promote(self, fields: CaseFields) -> None:
        """Store a test case of the open flag and open the next one."""
        opened = tab.opened_flag()
        following = self._following(opened)
        if self._try(lambda: self._desk.promote(opened, self._caller, fields, tab.seen())):
            tab.say("saved", "Stored as a test case.", undoable=opened)
            tab.show_flag(following)

    def undo(self) -> None:
        """Take the last decision of this tab back and open its flag again."""
        last = tab.undoable()
        if last and self._try(lambda: self._desk.undo(last, self._caller)):
            tab.say("saved", "Taken back.")
            self.open(last)

    def _release(self) -> None:
        opened = tab.opened_flag()
        if opened:
            self._try(lambda: self._desk.release(opened, self._caller))

    def _listed(self) -> tuple[tab.Listed, ...]:
        """Return the list as it is drawn in this tab: reading the queue again would only take longer."""
        listed = tab.listed()
        if listed is None:
            listed = tab.remember(tab.filtered_queue(self._desk, self._caller))
        return listed

    def _ids(self) -> list[str]:
        return [entry.feedback_id for entry in self._listed()]

    def _following(self, opened: str) -> str:
        """Return the flag to go on with: the next one that waits, else the one before."""
        entries = self._listed()
        ids = [entry.feedback_id for entry in entries]
        place = ids.index(opened) if opened in ids else -1
        in_order = [*entries[place + 1 :], *reversed(entries[: max(0, place)])]
        return next((entry.feedback_id for entry in in_order if entry.state == "new"), "")

    def _try(self, act: Callable[[], Any]) -> bool:
        try:
            act()
        except FootnoteError as error:
            tab.say("stopped", sentence_for(error))
            return False
        return True


def _chosen_labels(feedback_id: str) -> dict[str, str]:
    """Return what was chosen beside the flag, whatever the decision."""
    names = ("root_cause", "severity", "category")
    return {name: str(st.session_state.get(f"review_{name}_{feedback_id}") or "") for name in names}
