"""A local model of inference behind the port of the claim checker; the model is real, tiny and untrained."""

import json
from pathlib import Path
from shutil import copytree

import pytest
from tiny_cross_encoder import write_cross_encoder

from app.grounding.checker import ClaimChecker
from app.grounding.nli_backend import NliChecker
from core.errors import ConfigError
from core.grounding import EvidenceText

PASSAGE = EvidenceText(
    "p", "Refunds take five working days. Managers sign travel requests in the portal."
)
QUOTED = "Refunds take five working days."
OPEN = "Managers approve journeys online through the portal."


def name_outputs(folder: Path, *names: str) -> Path:
    path = folder / "config.json"
    stored = json.loads(path.read_text("utf-8"))
    stored["id2label"] = {str(place): name for place, name in enumerate(names)}
    stored["label2id"] = {name: place for place, name in enumerate(names)}
    path.write_text(json.dumps(stored), "utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    made = write_cross_encoder(tmp_path_factory.mktemp("nli") / "tiny", model_cache, outputs=3)
    return name_outputs(made, "contradiction", "entailment", "neutral")


def test_open_claims_get_the_models_probability_and_quotations_keep_theirs(folder: Path) -> None:
    report = NliChecker(ClaimChecker(), folder).check(f"{QUOTED} {OPEN}", [PASSAGE])
    plain = ClaimChecker().check(f"{QUOTED} {OPEN}", [PASSAGE])
    assert report.claims[0] == plain.claims[0]
    assert report.claims[1].score != plain.claims[1].score
    assert 0 <= report.claims[1].score <= 1
    assert "model of inference" in report.claims[1].reasons[0] or report.claims[1].verdict == (
        plain.claims[1].verdict
    )


def test_the_outputs_are_told_apart_by_their_names(folder: Path, tmp_path: Path) -> None:
    turned = name_outputs(
        copytree(folder, tmp_path / "turned"), "neutral", "CONTRADICTION", "ENTAILMENT"
    )
    first = NliChecker(ClaimChecker(), folder).check(OPEN, [PASSAGE])
    second = NliChecker(ClaimChecker(), turned).check(OPEN, [PASSAGE])
    assert first.claims[0].score != second.claims[0].score


def test_a_claim_that_contradicts_its_passage_is_not_judged_again(folder: Path) -> None:
    report = NliChecker(ClaimChecker(), folder).check("Refunds take nine working days.", [PASSAGE])
    assert report.claims[0].verdict == "contradicted"


def test_a_model_without_named_outputs_is_refused(folder: Path, tmp_path: Path) -> None:
    plain = name_outputs(copytree(folder, tmp_path / "plain"), "LABEL_0", "LABEL_1", "LABEL_2")
    with pytest.raises(ConfigError, match="no output named entailment"):
        NliChecker(ClaimChecker(), plain)


def test_weights_that_could_run_code_are_not_read(folder: Path, tmp_path: Path) -> None:
    other = copytree(folder, tmp_path / "other")
    (other / "model.safetensors").rename(other / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no model\.safetensors"):
        NliChecker(ClaimChecker(), other)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        NliChecker(ClaimChecker(), tmp_path / "nowhere")
