"""The commands of the answering side: ask, feedback, web, doctor."""

from pathlib import Path
from typing import cast, get_args

import click

from app.bootstrap import cli_caller, open_feedback_log, open_service
from app.chat_view import answer_view
from app.json_view import answer_json, replay_json
from app.replay import Replay
from app.service import AnswerReady, FootnoteService, StageStarted, TextAdded
from core.answers import Answer, Caller, FeedbackCategory, FeedbackVerdict, Turn
from core.command_line import (
    as_option,
    common_options,
    print_json,
    read_jsonl,
    settings_for,
    text_field,
)
from core.errors import FootnoteError, UsageError
from core.settings import Settings

_CHANNEL = "cli"


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
    if batch is not None:
        _ask_batch(settings, batch, as_user)
        return
    service, caller = open_service(settings, _CHANNEL), cli_caller(settings, as_user)
    if replay is not None:
        found = service.replay(replay, caller)
        if as_json:
            print_json(replay_json(found))
        else:
            _print_replay(found)
        return
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
@click.option("--comment", default="", help="Anything to add.")
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
    comment: str,
    as_user: str | None,
) -> None:
    """Say whether an answer is good, and what is wrong with it."""
    given = open_service(settings, _CHANNEL).add_feedback(
        answer_id,
        cli_caller(settings, as_user),
        cast(FeedbackVerdict, verdict),
        cast(FeedbackCategory | None, category),
        comment,
        start,
        end,
    )
    if as_json:
        print_json({"id": given.feedback_id, "answer_id": answer_id, "status": given.status})
    else:
        click.echo(f"Saved as {given.feedback_id}.")


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
        click.echo(
            f"{row['id']}  {row['created_at'][:16]}  {row['author']}  {what}  {row['comment']}"
        )
    click.echo(f"{len(rows)} entries", err=True)


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
    from app.feedback_log import to_csv, to_jsonl, to_langfuse

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
@common_options
def doctor(settings: Settings, as_json: bool) -> None:
    """Check settings, model, data folder and permissions; say what to do about each finding."""
    from app.doctor import examine

    findings = examine(settings)
    if as_json:
        print_json([{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check}: {finding.detail}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(2)


def _ask_batch(settings: Settings, batch: Path, as_user: str | None) -> None:
    rows = read_jsonl(batch, ("id", "question"))
    service = open_service(settings, _CHANNEL)
    for row in rows:
        try:
            caller = cli_caller(settings, text_field(row, "as", as_user))
            history = [Turn(str(turn["q"]), str(turn["a"])) for turn in row.get("history") or []]
            answer = service.ask(text_field(row, "question") or "", caller, history=history)
            print_json({"id": row["id"], **answer_json(answer)})
        except (UsageError, KeyError, TypeError) as error:
            message = (
                str(error) if isinstance(error, FootnoteError) else "The history is malformed."
            )
            print_json({"id": row["id"], "status": "error", "error": message})


def _print_answer(
    service: FootnoteService,
    question: str,
    caller: Caller,
    conversation_id: str | None,
    *,
    stream: bool,
) -> None:
    for event in service.ask_stream(question, caller, conversation_id):
        if isinstance(event, TextAdded) and stream:
            click.echo(event.text, nl=False)
        elif isinstance(event, AnswerReady):
            click.echo("" if stream else event.answer.text)
            _print_sources(event.answer)
        elif isinstance(event, StageStarted) and event.stage == "searching":
            click.echo("", err=True, nl=False)


def _print_replay(found: Replay) -> None:
    for name, answer in (("Then", found.then), ("Now", found.now)):
        click.echo(
            f"{name} ({answer.created_at[:16]}, {answer.model}, {answer.prompt_version}, index {answer.index_generation})"
        )
        click.echo(answer.text)
        _print_sources(answer)
        click.echo("")
    for source in found.sources:
        if source.state != "same":
            click.echo(f"{source.state}: {source.uri}")
    click.echo("The answers are the same." if found.is_same else "The answers differ.")


def _print_sources(answer: Answer) -> None:
    for citation in answer.citations:
        place = " > ".join(citation.section)
        page = f", page {citation.page}" if citation.page else ""
        click.echo(
            f"\n[{citation.marker}] {citation.document.uri}{page}{f'  ({place})' if place else ''}"
        )
        click.echo(f"    “{' '.join(citation.quote.split())}”")
    view = answer_view(answer)
    if view.summary:
        click.echo(f"\n{view.summary}")
    for doubt in view.doubts:
        click.echo(f"    {doubt.label}: “{doubt.text}”")
        for reason in doubt.reasons:
            click.echo(f"      {reason}")
    for note in view.notes:
        click.echo(f"\n{note.title}: {note.text}")
    click.echo(f"\nanswer {answer.answer_id}, conversation {answer.conversation_id}", err=True)
