"""Personal data and secrets, planted in documents and questions: where they are found, and where they are not.

The whole product runs: ingestion, retrieval, a language model behind real HTTP, cache, log and trace export.
"""

import json
from pathlib import Path

import pytest
from cli_harness import child_env, run_child, write_files

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from llm_server import Request, llm_server, says
from otlp_collector import collector
from sqlalchemy import text

from app.bootstrap import open_service
from core.settings import load_settings
from index.factory import open_catalogue
from index.permissions import administrator

pytestmark = pytest.mark.e2e

PERSONAL = (
    "canary.person@firma.example",
    "219-09-9999",
    "Wilhelmina Quandtmeyer",
    "+49 30 5550 1234",
    "DE89 3704 0044 0532 0130 00",
)
SECRETS = ("AKIA" + "Q7R3C4NARY5TEST2", "Can4ry-Pa55!")
ASKED = "asker.canary@kunde.example"
PAGE = f"""# Payroll contact

The payroll contact is {PERSONAL[2]}. Reach her at {PERSONAL[0]} or {PERSONAL[3]}.
Her social security number is {PERSONAL[1]} and her account is {PERSONAL[4]}.
The key of the payroll bucket is {SECRETS[0]} and the password: {SECRETS[1]}
"""
QUESTION = f"Who is the payroll contact? I am {ASKED}."


def echo(request: Request) -> str:
    """Repeat the whole prompt: whatever reached the model comes back."""
    return str(request.messages[-1][1])


def test_canaries_reach_no_provider_log_cache_or_trace_export(
    tmp_path: Path, data_dir: Path, model_cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    docs = write_files(tmp_path / "docs", {"payroll.md": PAGE})
    env = child_env(data_dir, model_cache)
    ingested = run_child("ingest", docs, "--yes", env=env)
    assert ingested.returncode == 0, ingested.stderr
    with llm_server(says(echo)) as server, collector() as traces:
        settings = load_settings(
            data_dir=data_dir,
            llm="openai-like:test",
            llm_base_url=server.openai_url,
            log_level="debug",
            tracing={"otlp_endpoint": traces.url, "content": True},
        )
        service = open_service(settings, "cli")
        answers = [service.ask(QUESTION, administrator()) for _ in range(2)]
        service.add_feedback(answers[0].answer_id, administrator(), "good", comment=PERSONAL[0])
        service.close()
    assert len(server.requests) == 1, "the second answer came from the cache"
    sent = "\n".join(f"{json.dumps(r.headers)} {r.raw.decode()}" for r in server.requests)
    with open_catalogue(settings).engine.connect() as connection:
        cached = json.dumps(
            [list(row) for row in connection.execute(text("SELECT * FROM answer_cache"))]
        )
    exported = b"\n".join(traces.bodies).decode("utf-8", "replace")
    captured = capfd.readouterr()
    logged = captured.out + captured.err + ingested.stdout + ingested.stderr
    places = {"request": sent, "cache": cached, "export": exported, "log": logged}
    assert "payroll" in sent.lower()
    assert "payroll" in cached.lower()
    assert "payroll" in exported.lower()
    found = [
        (place, canary)
        for place, content in places.items()
        for canary in (*PERSONAL, *SECRETS, ASKED)
        if canary.lower() in content.lower()
    ]
    assert found == []
    for answer in answers:
        assert any(canary in answer.text for canary in PERSONAL), "people's data is put back"
        assert not any(secret in answer.text for secret in SECRETS), "a secret never is"
