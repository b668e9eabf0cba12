"""The command `footnote search`: hits, how they were found, and why a document was not."""

import time
from pathlib import Path
from typing import Any

import click

from app.bootstrap import cli_caller, open_service
from app.chat_view import clipped, terminal_text
from app.json_view import explanation_json, hit_json
from app.service import ExplainedSearch, FootnoteService
from core.answers import Caller, Hit
from core.command_line import as_option, common_options, print_json, read_jsonl, text_field
from core.errors import UsageError
from core.settings import Settings
from index.explanation import Explanation
from index.filters import Filter, parse_filter

_TEXT_CHARS = 200


@click.command()
@click.argument("query", required=False)
@click.option(
    "-k", "top_k", default=10, show_default=True, type=click.IntRange(1, 1000), help="Hits."
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only documents with this value; KEY is id, uri, title, source, language, type, updated or meta.NAME, "
    "and = may be !=, ~ (a pattern), >= or <= (dates). Repeat for several.",
)
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Search for the queries of a JSONL file: {"id", "query", "as"?} a line.',
)
@click.option("--explain", "with_why", is_flag=True, help="Say how each hit was found.")
@click.option("--why-not", metavar="URI", help="Say why a document was not found.")
@as_option
@common_options
def search(
    settings: Settings,
    as_json: bool,
    query: str | None,
    top_k: int,
    filters: tuple[str, ...],
    batch: Path | None,
    with_why: bool,
    why_not: str | None,
    as_user: str | None,
) -> None:
    """Find the passages that fit a query best."""
    if (query is None) == (batch is None):
        raise UsageError("Give a query, or --batch FILE.")
    if batch is not None and (with_why or why_not):
        raise UsageError("--explain and --why-not are for one query, not for --batch.")
    if why_not is not None and not why_not.strip():
        raise UsageError(
            "--why-not is empty. Name the document's URI, as `footnote documents list` shows it."
        )
    wanted = [parse_filter(text) for text in filters]
    service = open_service(settings, "cli")
    if batch is not None:
        _search_batch(service, settings, batch, top_k, wanted, as_user)
        return
    caller = cli_caller(settings, as_user)
    started = time.perf_counter()
    if with_why or why_not:
        # Whoever may act for others on this machine is its administrator, and may know how much there is.
        found = service.explained_search(
            query or "", caller, top_k, wanted, why_not, count_hidden=not settings.cli_user
        )
        hits = found.hits
    else:
        found, hits = None, service.search(query or "", caller, top_k, wanted)
    took_ms = round((time.perf_counter() - started) * 1000, 2)
    if as_json:
        print_json(_as_json(query or "", hits, took_ms, found))
        return
    _print(hits, took_ms, found)


def _search_batch(
    service: FootnoteService,
    settings: Settings,
    batch: Path,
    top_k: int,
    wanted: list[Filter],
    as_user: str | None,
) -> None:
    rows = read_jsonl(batch, ("id", "query"))
    if not rows:
        click.echo(f"{str(batch)!r} has no queries.", err=True)
    for row in rows:
        try:
            caller: Caller = cli_caller(settings, text_field(row, "as", as_user))
            hits = service.search(text_field(row, "query") or "", caller, top_k, wanted)
        except UsageError as error:
            print_json({"id": row["id"], "hits": [], "error": str(error)})
            continue
        print_json({"id": row["id"], "hits": [hit_json(hit) for hit in hits]})


def _as_json(
    query: str, hits: list[Hit], took_ms: float, found: ExplainedSearch | None
) -> dict[str, Any]:
    value: dict[str, Any] = {"query": query, "hits": [hit_json(hit) for hit in hits]}
    if found is not None:
        value["explanation"] = explanation_json(found.explanation)
        if found.why_not is not None:
            why = found.why_not
            value["why_not"] = {"reason": why.reason, "text": why.text, "rank": why.rank}
    return {**value, "took_ms": took_ms}


def _print(hits: list[Hit], took_ms: float, found: ExplainedSearch | None) -> None:
    if found is not None:
        _print_understanding(found.explanation)
    for hit in hits:
        place = terminal_text(f"{hit.document.uri}  {' > '.join(hit.section)}")
        click.echo(f"{hit.rank:2d}. {hit.score:.2f}  {place}")
        if found is not None:
            _print_why(hit)
        for conflict in hit.conflicts:
            click.echo(f"    ! hit {conflict.other_rank} says otherwise ({conflict.kind})")
        click.echo(f"    {clipped(' '.join(terminal_text(hit.text).split()), _TEXT_CHARS)}")
    if found is not None and found.why_not is not None:
        click.echo(f"\n{terminal_text(found.why_not.text)}")
    click.echo(f"{len(hits)} {'hit' if len(hits) == 1 else 'hits'} in {took_ms:.0f} ms", err=True)


def _print_understanding(explanation: Explanation) -> None:
    read = explanation.read
    click.echo(f"words: {', '.join(_weighted(read.terms.items()))}")
    if read.phrases:
        kept = "in no text, looked for as words" if explanation.phrases_dropped else "required"
        click.echo(f"phrases ({kept}): {'; '.join(' '.join(phrase) for phrase in read.phrases)}")
    for label, pairs in (("also", read.expansions), ("spelt", read.corrections)):
        if pairs:
            click.echo(f"{label}: {', '.join(f'{given} -> {added}' for given, added in pairs)}")
    click.echo(
        f"found {explanation.lexical} chunks by words and {explanation.dense} by meaning, "
        f"scored {explanation.candidates}"
    )
    if explanation.hidden_chunks is not None:
        click.echo(f"hidden by permissions: {explanation.hidden_chunks} chunks")
    click.echo()


def _weighted(terms: Any) -> list[str]:
    return [term if weight == 1.0 else f"{term} ({weight:g})" for term, weight in terms]


def _print_why(hit: Hit) -> None:
    why = hit.why
    ranks = f"words {_rank(why.lexical_rank)}, meaning {_rank(why.dense_rank)}"
    scores = (
        f"words {why.words:.1f}, meaning {why.dense_score or 0:.2f}, name {why.name:.2f}, "
        f"neighbour {why.neighbour:.2f}"
    )
    click.echo(f"    ranks: {ranks}; scores: {scores}")
    for note in why.notes:
        click.echo(f"    {note}")


def _rank(rank: int | None) -> str:
    return "–" if rank is None else f"#{rank}"
