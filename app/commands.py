"""The commands of the answering side: ask, feedback, web, doctor."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast, get_args

import click

from app.bootstrap import cli_caller, open_feedback_log, open_service
from app.chat_view import STAGE_WORDS, answer_view, clipped, grouped_sources, terminal_text
from app.feedback_log import Remark, span_of
from app.json_view import answer_json, replay_json
from app.replay import Replay
from app.service import AnswerReady, FootnoteService, StageStarted, TextAdded
from core.answers import (
    Answer,
    Caller,
    Citation,
    FeedbackCategory,
    FeedbackSeverity,
    FeedbackTarget,
    FeedbackVerdict,
    Turn,
)
from core.command_line import (
    as_option,
    common_options,
    print_json,
    read_jsonl,
    settings_for,
    text_field,
)
from core.errors import NotFound, UsageError
from core.settings import Settings, SlackSettings

_CHANNEL = "cli"
_QUOTE_CHARS = 240
_SHOWN_CHARS = 80
_ANSWER_ID = "`footnote ask` and the traces name an answer by its id."


@click.command()
@click.argument("question", required=False)
@click.option("--conversation", "conversation_id", metavar="ID", help="Go on with a conversation.")
@click.option("--stream/--no-stream", default=True, help="Print the answer as it is written.")
@click.option("--model", metavar="SPEC", help="How to answer (default: FOOTNOTE_LLM).")
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Answer the questions of a JSONL file: {"id", "question", "history"?, "as"?} a line.',
)
@click.option(
    "--replay",
    metavar="ANSWER_ID",
    help="Ask the question of an earlier answer again, and show both; nothing is stored.",
)
@as_option
@common_options
def ask(
    settings: Settings,
    as_json: bool,
    question: str | None,
    replay: str | None,
    conversation_id: str | None,
    stream: bool,
    model: str | None,
    batch: Path | None,
    as_user: str | None,
) -> None:
    """Answer a question with the exact words that support it."""
    settings = settings_for(settings, llm=model)
    if [question, batch, replay].count(None) != 2:
        raise UsageError("Give a question, --batch FILE or --replay ANSWER_ID: one of them.")
    if conversation_id is not None and question is None:
        raise UsageError(
            "--conversation is for a question. A batch's lines have a history of their own, and a replay has that "
            "of its answer: leave it out."
        )
    if batch is not None:
        _ask_batch(settings, batch, as_user)
        return
    service, caller = open_service(settings, _CHANNEL), cli_caller(settings, as_user)
    if replay is not None:
        with _told_where(_ANSWER_ID):
            found = service.replay(replay, caller)
        if as_json:
            print_json(replay_json(found))
        else:
            _print_replay(found)
        return
    with _told_where("Leave --conversation out to begin a new one; `footnote ask` names it."):
        if as_json:
            print_json(answer_json(service.ask(question or "", caller, conversation_id)))
            return
        _print_answer(service, question or "", caller, conversation_id, stream=stream)


@click.group()
def feedback() -> None:
    """Add, list and export what people said of answers."""


@feedback.command("add")
@click.argument("answer_id")
@click.option(
    "--verdict", type=click.Choice(get_args(FeedbackVerdict)), required=True, help="Your verdict."
)
@click.option("--category", type=click.Choice(get_args(FeedbackCategory)), help="What is wrong.")
@click.option("--start", type=int, help="Where the wrong words start in the answer.")
@click.option("--end", type=int, help="Where they end.")
@click.option(
    "--target",
    type=click.Choice(get_args(FeedbackTarget)),
    help="What is meant (default: the words, else the answer).",
)
@click.option("--marker", type=int, help="Which source, with --target citation.")
@click.option("--passage", metavar="CHUNK_ID", help="Which passage, with --target passage.")
@click.option("--comment", default="", help="Anything to add.")
@click.option(
    "--severity",
    type=click.Choice([word for word in get_args(FeedbackSeverity) if word]),
    help="How bad it is.",
)
@click.option("--correction", default="", help="What would be right.")
@click.option("--correction-source", default="", help="Where that stands: a link or words.")
@as_option
@common_options
def add_feedback(
    settings: Settings,
    as_json: bool,
    answer_id: str,
    verdict: str,
    category: str | None,
    start: int | None,
    end: int | None,
    target: str | None,
    marker: int | None,
    passage: str | None,
    comment: str,
    severity: str | None,
    correction: str,
    correction_source: str,
    as_user: str | None,
) -> None:
    """Say whether an answer is good, and what is wrong with it."""
    service, caller = open_service(settings, _CHANNEL), cli_caller(settings, as_user)
    remark = Remark(
        cast(FeedbackVerdict, verdict),
        cast(FeedbackCategory | None, category),
        comment,
        span_of(start, end),
        cast(FeedbackSeverity, severity or ""),
        correction,
        correction_source,
        cast(FeedbackTarget | Literal[""], target or ""),
        _target_ref(target, marker, passage),
    )
    with _told_where(_ANSWER_ID):
        given = service.feedback_desk.add(answer_id, caller, remark)
    if as_json:
        print_json({"id": given.feedback_id, "answer_id": answer_id, "status": given.status})
    else:
        click.echo(f"Saved as {given.feedback_id}.")


def _target_ref(target: str | None, marker: int | None, passage: str | None) -> str:
    """Return the name of the source or passage that is meant."""
    named = {"citation": marker, "passage": passage}
    for kind, name in named.items():
        if (name is not None) != (target == kind):
            raise UsageError(
                "Give --marker with --target citation, --passage with --target passage, and neither without them."
            )
    return str(named.get(target or "", "") or "")


@feedback.command("list")
@click.option("--status", help="Only feedback in this state, like new.")
@as_option
@common_options
def list_feedback(
    settings: Settings, as_json: bool, status: str | None, as_user: str | None
) -> None:
    """List feedback, the newest first."""
    rows = open_feedback_log(settings).list(cli_caller(settings, as_user), status)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        what = row["category"] or row["verdict"]
        comment = " ".join(terminal_text(row["comment"]).split())
        click.echo(f"{row['id']}  {row['created_at'][:16]}  {row['author']}  {what}  {comment}")
    click.echo(f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}", err=True)


@feedback.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "langfuse"]),
    default="jsonl",
    help="Form.",
)
@as_option
@common_options
def export_feedback(settings: Settings, as_json: bool, form: str, as_user: str | None) -> None:
    """Write all feedback to stdout, with the whole answer and what it was made from."""
    from app.feedback_formats import to_csv, to_jsonl, to_langfuse

    rows = open_feedback_log(settings).list(cli_caller(settings, as_user))
    if as_json:
        print_json(rows)
        return
    write = {"jsonl": to_jsonl, "csv": to_csv, "langfuse": to_langfuse}[form]
    click.echo(write(rows), nl=False)


@click.command()
@click.option("--host", help="Address to listen on (default: FOOTNOTE_WEB__HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port (default: FOOTNOTE_WEB__PORT).")
@common_options
def web(settings: Settings, as_json: bool, host: str | None, port: int | None) -> None:
    """Start the web application."""
    del as_json  # the address is all that is printed
    from app.web.server import run

    run(settings, host, port)


@click.command()
@click.option(
    "--ask-model",
    is_flag=True,
    help="Also ask the language models three words, in their order until one answers; that may cost something.",
)
@common_options
def doctor(settings: Settings, as_json: bool, ask_model: bool) -> None:
    """Check settings, models, data folder and permissions; say what to do about each finding."""
    from app.doctor import examine

    findings = examine(settings, ask_model=ask_model)
    if settings.slack != SlackSettings():
        from app.slack.examination import examine_slack

        findings += examine_slack(settings)
    if as_json:
        print_json([{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check}: {finding.detail}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(2)


@contextmanager
def _told_where(hint: str) -> Iterator[None]:
    """Add to what is not found where a command's user finds its name."""
    try:
        yield
    except NotFound as error:
        raise NotFound(f"{error} {hint}") from error


def _ask_batch(settings: Settings, batch: Path, as_user: str | None) -> None:
    rows = read_jsonl(batch, ("id", "question"))
    service = open_service(settings, _CHANNEL)
    if not rows:
        click.echo(f"{str(batch)!r} has no questions.", err=True)
    for row in rows:
        try:
            caller = cli_caller(settings, text_field(row, "as", as_user))
            history = _history(row.get("history"))
            answer = service.ask(text_field(row, "question") or "", caller, history=history)
            print_json({"id": row["id"], **answer_json(answer)})
        except UsageError as error:
            print_json({"id": row["id"], "status": "error", "error": str(error)})


def _history(given: Any) -> list[Turn]:
    turns = [] if given is None else given
    is_well_formed = isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("q"), str) and isinstance(turn.get("a"), str)
        for turn in turns
    )
    if not is_well_formed:
        shown = clipped(json.dumps(given), _SHOWN_CHARS)
        raise UsageError(
            f'"history" must be a list of {{"q": "…", "a": "…"}}, the oldest first; it is {shown}.'
        )
    return [Turn(turn["q"], turn["a"]) for turn in turns]


def _print_answer(
    service: FootnoteService,
    question: str,
    caller: Caller,
    conversation_id: str | None,
    *,
    stream: bool,
) -> None:
    is_begun = False
    for event in service.ask_stream(question, caller, conversation_id):
        if isinstance(event, StageStarted):
            if is_begun:
                click.echo()
                is_begun = False
            _show_stage(f"{STAGE_WORDS[event.stage]}…")
        elif isinstance(event, TextAdded) and stream and event.text:
            if not is_begun:
                _show_stage("")
            click.echo(terminal_text(event.text), nl=False)
            is_begun = True
        elif isinstance(event, AnswerReady):
            _show_stage("")
            if not stream:
                click.echo(terminal_text(event.answer.text))
            _print_sources(event.answer)


def _show_stage(words: str) -> None:
    """Say on a terminal what is being done, over what was said before; a file or a pipe gets none of it."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{words}", err=True, nl=False)


def _print_replay(found: Replay) -> None:
    for name, answer in (("Then", found.then), ("Now", found.now)):
        click.echo(
            f"{name} ({answer.created_at[:16]}, {answer.model}, {answer.prompt_version}, index {answer.index_generation})"
        )
        click.echo(terminal_text(answer.text))
        _print_sources(answer, is_kept=answer is found.then)
        click.echo("")
    for source in found.sources:
        if source.state != "same":
            click.echo(f"{source.state}: {terminal_text(source.uri)}")
    click.echo("The answers are the same." if found.is_same else "The answers differ.")


def _print_sources(answer: Answer, *, is_kept: bool = True) -> None:
    for group in grouped_sources(answer.citations):
        first = answer.citations[group[0]]
        place = " > ".join(first.section)
        page = f", page {first.page}" if first.page else ""
        heading = f"{first.document.uri}{page}{f'  ({place})' if place else ''}"
        click.echo(f"\n{terminal_text(heading)}")
        for position in group:
            citation = answer.citations[position]
            quote = clipped(" ".join(citation.quote.split()), _QUOTE_CHARS)
            click.echo(f"  [{citation.marker}] “{terminal_text(quote)}”")
            for words in _rests_on(answer, citation):
                click.echo(f"      for: {terminal_text(words)}")
    view = answer_view(answer)
    if view.summary:
        click.echo(f"\n{view.summary}")
    for doubt in view.doubts:
        click.echo(f"  {doubt.label}: “{terminal_text(doubt.text)}”")
        for reason in doubt.reasons:
            click.echo(f"      {terminal_text(reason)}")
    for note in view.notes:
        click.echo(f"\n{note.title}: {terminal_text(note.text)}")
    if is_kept:
        click.echo(f"\nanswer {answer.answer_id}, conversation {answer.conversation_id}", err=True)


def _rests_on(answer: Answer, citation: Citation) -> list[str]:
    """Return the statements that a source is named for, where their words are not the source's own."""
    quote = " ".join(citation.quote.split())
    claims = [claim for claim in answer.claims if citation.marker in claim.citations]
    stated = [" ".join(claim.text.split()) for claim in claims]
    return [clipped(words, _QUOTE_CHARS) for words in stated if words not in quote]
