"""A gate's decision as JUnit XML, which every build server shows."""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from core.errors import UsageError
from evals.gating.gate import GateReport

_CONTROL = {
    code: "\ufffd"
    for code in (
        *range(0x00, 0x09),
        0x0B,
        0x0C,
        *range(0x0E, 0x20),
        0xFFFE,
        0xFFFF,
        *range(0xD800, 0xE000),
    )
}


def junit_xml(report: GateReport) -> str:
    """Return one test case for each rule."""
    failed = sum(not check.is_passed for check in report.checks)
    suite = Element(
        "testsuite",
        name="footnote eval gate",
        tests=str(len(report.checks)),
        failures=str(failed),
        errors="0",
    )
    for check in report.checks:
        case = SubElement(
            suite, "testcase", classname="footnote.gate", name=f"{check.rule}: {check.looked_at}"
        )
        if not check.is_passed:
            problem = SubElement(case, "failure", message=_clean(check.problems[0]))
            problem.text = _clean("\n".join(check.problems))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suite, encoding="unicode") + "\n"


def write_junit(report: GateReport, path: Path) -> None:
    """Write the file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.write_text(junit_xml(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error


def _clean(text: str) -> str:
    return text.translate(_CONTROL)
