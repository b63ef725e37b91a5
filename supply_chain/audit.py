"""Ask a vulnerability service about every pinned package, and say plainly when it did not answer: `make audit`.

pip-audit alone calls a package that the service does not know "skipped", and ends with 0 and "No known
vulnerabilities found" when all were skipped, as behind a mirror or a filter. Here that is an audit that failed.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

FILES = ("requirements-dev.txt", "requirements-build.txt", "requirements-audit.txt")
"""Together they pin all that is installed anywhere: `requirements.txt` is a part of the first."""

CLEAN, VULNERABLE, UNANSWERED = 0, 1, 4
"""Exit codes: nothing is known against any package; something is; nobody could say for all of them."""


class Advisory(TypedDict):
    """One known vulnerability, as pip-audit's JSON tells it."""

    id: str
    fix_versions: list[str]


class Package(TypedDict, total=False):
    """One package of the report; `skip_reason` where the service did not speak of it."""

    name: str
    version: str
    vulns: list[Advisory]
    skip_reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit comes to: an exit code, and the lines to show."""

    exit_code: int
    lines: tuple[str, ...]


def judge(packages: Sequence[Package]) -> Verdict:
    """The verdict on what the service said: silence about one package is no clean audit."""
    findings = tuple(sentence for package in packages for sentence in _findings(package))
    silent = [package["name"] for package in packages if "skip_reason" in package]
    asked = f"{len(packages)} pinned packages"
    if silent or not packages:
        missing = f"Not audited: the service said nothing of {len(silent)} of {asked}{_named(silent)}."
        return Verdict(VULNERABLE if findings else UNANSWERED, (*findings, missing, _NEXT))
    if findings:
        return Verdict(VULNERABLE, (*findings, f"{len(findings)} known vulnerabilities in {asked}."))
    return Verdict(CLEAN, (f"No known vulnerabilities in {asked}.",))


def unanswered(complaint: str) -> Verdict:
    """The verdict where pip-audit ended without a report; `complaint` is what it said on standard error."""
    last = (complaint.strip().splitlines() or ["it did not say why"])[-1]
    return Verdict(UNANSWERED, (f"Not audited: {last}", _NEXT))


_NEXT = (
    "This is no clean audit. Try again where the service can be reached, or ask another: "
    "make audit ARGS='--vulnerability-service osv'"
)


def _findings(package: Package) -> Iterable[str]:
    for advisory in package.get("vulns", []):
        fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
        yield f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}"


def _named(names: Sequence[str], *, at_most: int = 3) -> str:
    if not names:
        return ""
    return f" ({', '.join(names[:at_most])}{', ...' if len(names) > at_most else ''})"


def audit(pip_audit: Path, folder: Path, arguments: Sequence[str]) -> Verdict:
    """Run pip-audit on the pins in a folder, with further arguments of its own, and judge its report."""
    pins = [word for file in FILES for word in ("--requirement", str(folder / file))]
    # The pins are complete and hashed, so pip need not resolve them: nothing is downloaded or built.
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    answer = subprocess.run([pip_audit, *pins, *options, *arguments], capture_output=True, text=True, check=False)
    try:
        packages: list[Package] = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        return unanswered(answer.stderr)
    return judge(packages)


def main(pip_audit: str, *arguments: str) -> int:
    """Audit the project that this file belongs to; returns the exit code."""
    verdict = audit(Path(pip_audit), Path(__file__).parents[1], arguments)
    print(*verdict.lines, sep="\n", file=sys.stderr if verdict.exit_code else sys.stdout)
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
