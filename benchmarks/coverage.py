"""Whether intervals of 95 % hold the truth in 95 of 100 data sets, and how often two equal variants are told apart.

    python -m benchmarks.coverage [--sets 2000] [--equal 1000]

Cases are made up: the differences of passes (-1, 0, 1) and of graded values, alone and in documents whose questions
resemble each other. Each shape says what its true mean is, so that it can be counted how often an interval holds it.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from core.statistics.bootstrap import Grouped, intervals
from core.statistics.proportions import wilson
from evals.comparing.comparison import ComparedRun, differences, primary_of
from evals.comparing.verdict import verdict_of

FloatMatrix = npt.NDArray[np.float64]
RunValues = dict[str, dict[str, Sequence[float]]]
_RESAMPLES = 4000
_METRICS = (
    "fact_match",
    "answer_f1",
    "ndcg@10_chunk",
    "groundedness_footnote_checker",
    "false_refusal",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Differences of one kind: the values and how often each comes, or the quantiles of graded ones."""

    name: str
    values: tuple[float, ...]
    shares: tuple[float, ...]
    spread: float = 0.0

    @property
    def truth(self) -> float:
        """The true mean difference."""
        return float(np.dot(self.values, self.shares))

    def drawn(self, normals: FloatMatrix) -> FloatMatrix:
        """Return differences for standard normal numbers, greater for greater."""
        from scipy.special import ndtr  # type: ignore[import-untyped]

        if self.spread:
            return self.values[0] + self.spread * normals
        edges = np.cumsum(self.shares)[:-1]
        steps: FloatMatrix = np.array(self.values, np.float64)
        return np.take(steps, np.searchsorted(edges, np.asarray(ndtr(normals))))


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cases each document has, and how much the questions of one resemble each other."""

    name: str
    sizes: tuple[int, ...]
    likeness: float = 0.0

    def normals(self, sets: int, rng: np.random.Generator) -> FloatMatrix:
        """Return standard normal numbers, data sets by cases, those of a document as alike as `likeness`."""
        own = rng.standard_normal((sets, sum(self.sizes)))
        common = np.repeat(rng.standard_normal((sets, len(self.sizes))), self.sizes, axis=1)
        alike: FloatMatrix = np.sqrt(self.likeness) * common + np.sqrt(1.0 - self.likeness) * own
        return alike


KINDS = (
    Kind("passes, better", (-1.0, 0.0, 1.0), (0.08, 0.74, 0.18)),
    Kind("passes, equal", (-1.0, 0.0, 1.0), (0.12, 0.76, 0.12)),
    Kind("graded", (0.05,), (1.0,), spread=0.2),
    # Token F1: half of the answers stay as they are, and gains are greater than losses.
    Kind("graded, skewed", (-0.3, 0.0, 0.2, 0.5, 1.0), (0.12, 0.5, 0.2, 0.12, 0.06)),
    Kind(
        "graded, very skewed",
        (-0.3, -0.1, 0.0, 0.05, 0.35, 0.85),
        (0.05, 0.05, 0.6, 0.12, 0.1, 0.08),
    ),
)
INDEPENDENT = tuple(Layout(f"{n} alone", (1,) * n) for n in (30, 100, 300))
# Steps take away from likeness: .5 gives intra-class correlations of .33 to .5.
CLUSTERED = (
    Layout("30 documents x 10", (10,) * 30, 0.5),
    Layout("30 documents, 2 to 18", (2, 4, 6, 8, 10, 10, 12, 14, 16, 18) * 3, 0.5),
    Layout("25 documents x 4", (4,) * 25, 0.5),
)
FEW = (Layout("10 documents x 3", (3,) * 10, 0.5),)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Over `sets` data sets: how many intervals hold the truth.

    Beside Footnote's: plain percentiles of the same draws, and Footnote's with questions drawn instead of documents.
    """

    layout: str
    kind: str
    correlation: float
    sets: int
    covered: float
    covered_by_percentiles: float
    covered_by_questions: float
    width: float


def coverage(
    layout: Layout, kind: Kind, sets: int, resamples: int = _RESAMPLES, seed: int = 11
) -> Coverage:
    """Return how often intervals hold the true mean of this kind of differences."""
    values = kind.drawn(layout.normals(sets, np.random.default_rng(seed)))
    starts = np.concatenate([[0], np.cumsum(layout.sizes)[:-1]])
    by_document = Grouped(
        np.add.reduceat(values, starts, axis=1), np.array(layout.sizes, np.float64)
    )
    lows, highs = intervals(by_document, seed, resamples)
    covered = _holds(lows, highs, kind.truth)
    by_questions = covered
    if layout.likeness:
        alone = Grouped(values, np.ones(values.shape[1]))
        by_questions = _holds(*intervals(alone, seed, resamples // 4), kind.truth)
    return Coverage(
        layout.name,
        kind.name,
        _correlation(values, layout.sizes),
        sets,
        covered,
        _holds(*_percentiles(by_document, seed, resamples), kind.truth),
        by_questions,
        float(np.mean(highs - lows)),
    )


def equal_variants(
    simulations: int, documents: int, questions: int, metrics: Sequence[str], seed: int = 5
) -> Mapping[str, int]:
    """Return how often each verdict comes out where the two variants differ by chance alone.

    The first metric is the primary one; the metrics of one case are as alike as in real runs.
    """
    rng = np.random.default_rng(seed)
    counts = {"ship": 0, "hold": 0, "cannot tell": 0}
    cases = [f"{d}/{q}" for d in range(documents) for q in range(questions)]
    clusters = {case: case.split("/")[0] for case in cases}
    for _ in range(simulations):
        old, new = _equal_runs(rng, cases, questions, metrics)
        found = differences(_run("before", old, clusters), _run("after", new, clusters))
        counts[verdict_of(found, primary_of(found, metrics[0])).decision] += 1
    return counts


def _run(name: str, values: RunValues, clusters: Mapping[str, str]) -> ComparedRun:
    return ComparedRun(name, name, "equal", True, values, dict.fromkeys(clusters, 1), clusters)


def _equal_runs(
    rng: np.random.Generator, cases: Sequence[str], questions: int, metrics: Sequence[str]
) -> Iterator[RunValues]:
    """Yield two runs' values of each metric: how hard a question is stays, the luck of each run is its own."""
    documents = len(cases) // questions
    hard = np.repeat(rng.standard_normal(documents), questions) + rng.standard_normal(len(cases))
    for _ in range(2):
        # Some of a run's luck is that of a whole document: its passages came out otherwise.
        luck = np.repeat(rng.standard_normal(documents), questions) + rng.standard_normal(
            len(cases)
        )
        values: RunValues = {}
        for metric in metrics:
            ability = 1.0 - hard + 0.7 * luck + 0.5 * rng.standard_normal(len(cases))
            is_graded = metric in ("answer_f1", "ndcg@10_chunk")
            shares = 1.0 / (1.0 + np.exp(-2.0 * ability)) if is_graded else ability > 0.0
            values[metric] = {
                case: [float(x)] for case, x in zip(cases, shares.tolist(), strict=True)
            }
        yield values


def _percentiles(rows: Grouped, seed: int, resamples: int) -> tuple[FloatMatrix, FloatMatrix]:
    """Return the bounds that most tools give: where 95 % of the drawn means lie."""
    count = rows.clusters
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), resamples).astype(np.float64)
    drawn = (weights @ rows.sums.T) / (weights @ rows.sizes)[:, None]
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return low, high


def _holds(lows: FloatMatrix, highs: FloatMatrix, truth: float) -> float:
    return float(((lows <= truth + 1e-12) & (truth - 1e-12 <= highs)).mean())


def _correlation(values: FloatMatrix, sizes: Sequence[int]) -> float:
    """Return the intra-class correlation over all data sets, 0 for cases of their own."""
    if max(sizes) == 1:
        return 0.0
    centred = values - values.mean()
    ends = np.cumsum(sizes)
    pairs, together = 0.0, 0.0
    for start, end in zip(ends - np.array(sizes), ends, strict=True):
        own = centred[:, start:end]
        together += float((own.sum(axis=1) ** 2 - (own**2).sum(axis=1)).sum())
        pairs += own.shape[0] * (end - start) * (end - start - 1)
    return together / pairs / float((centred**2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000, help="data sets of each shape")
    parser.add_argument("--equal", type=int, default=1000, help="comparisons of equal variants")
    options = parser.parse_args()
    started = perf_counter()
    print(
        "| cases | differences | correlation | covered | by percentiles | drawing questions | mean width |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for layout in (*INDEPENDENT, *CLUSTERED, *FEW):
        for kind in KINDS:
            found = coverage(layout, kind, options.sets)
            print(
                f"| {found.layout} | {found.kind} | {found.correlation:.2f} | {found.covered:.3f} "
                f"| {found.covered_by_percentiles:.3f} | {found.covered_by_questions:.3f} | {found.width:.3f} |",
                flush=True,
            )
    print(f"\n{perf_counter() - started:.0f} s")
    trials = [(30, 3, _METRICS[:1]), (100, 1, _METRICS[:1]), (30, 3, _METRICS)]
    for documents, questions, metrics in trials if options.equal else ():
        counts = equal_variants(options.equal, documents, questions, metrics)
        total = sum(counts.values())
        low, high = wilson(counts["ship"], total)
        print(
            f"equal variants, {documents} documents x {questions}, {len(metrics)} metrics: {counts}, "
            f"ship {counts['ship'] / total:.3f} [{low:.3f}, {high:.3f}]"
        )
    print(f"{perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
