"""Metrics' values as a reader says them: 71.4 %, +2.3 points, 180 ms, $0.0021; pure."""

from core.metrics import MetricInfo


def amount(info: MetricInfo, value: float | None) -> str:
    """Return a size without a sign; of a share in points."""
    if value is None:
        return "–"
    if info.unit == "share":
        return f"{abs(value) * 100:.1f} points"
    return level(info, abs(value))


def change(info: MetricInfo, value: float | None) -> str:
    """Return a difference with its sign."""
    if value is None:
        return "–"
    if info.unit == "share" and abs(value) < 0.0005:
        return "±0 points"
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{amount(info, value)}"


def level(info: MetricInfo, value: float | None) -> str:
    """Return a value as it stands."""
    if value is None:
        return "–"
    if info.unit == "share":
        return f"{value * 100:.1f} %"
    if info.unit == "ms":
        return f"{value:,.0f} ms" if abs(value) < 10_000 else f"{value / 1000:,.1f} s"
    if info.unit == "usd":
        return f"${value:,.4f}" if abs(value) < 1 else f"${value:,.2f}"
    return f"{value:,.3g}"


def interval(info: MetricInfo, low: float | None, high: float | None) -> str:
    """Return an interval in brackets, '' where there is none."""
    return "" if low is None or high is None else f"[{level(info, low)}, {level(info, high)}]"


def change_span(info: MetricInfo, low: float | None, high: float | None) -> str:
    """Return the interval of a difference in brackets, the unit once; '' where there is none."""
    if low is None or high is None:
        return ""
    ends = f"[{change(info, low)}, {change(info, high)}]"
    return ends.replace(" points", "") if info.unit == "share" else ends.replace(" ms,", ",")
