"""The page on the interface for programs: its commands run as they stand, and it names every route."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import ServedFarm, farm_with_a_past
from surroundings import environment, missing

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
COMMANDS = [
    command
    for block in re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for command in block.replace("\\\n", "").splitlines()
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFarm]:
    """A monitor that found a farm with a past, and its pages."""
    with farm_with_a_past(tmp_path_factory.mktemp("documented")) as farm:
        yield farm


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_answered_with_a_document(command: str, site: ServedFarm, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl is not installed")
    (tmp_path / ".curlrc").write_text(f"connect-to = localhost:8787:127.0.0.1:{site.http_port}\n")
    shell = {**environment(), "CURL_HOME": str(tmp_path)}
    answer = subprocess.run(command, shell=True, env=shell, capture_output=True, text=True, timeout=20, check=False)
    assert answer.returncode == 0, answer.stderr
    assert isinstance(json.loads(answer.stdout), dict)


def test_the_page_shows_every_kind_of_question() -> None:
    assert len(COMMANDS) == 14


def test_the_page_names_every_route_of_the_description_and_no_other() -> None:
    paths = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))["paths"]
    described = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    named = set(re.findall(r"`((?:GET|POST|DELETE) [^`]+)`", PAGE.partition("## All routes")[2]))
    assert described - named == set()
    assert named - described <= {"GET /api/v1/live/sse"}


def test_every_filter_that_the_page_names_is_one() -> None:
    paths = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))["paths"]
    for method, path, words in re.findall(
        r"^\| `(GET|POST) (\S+)` \| [^;|\n]*;((?: `[a-z_]+`,?)+) \|$", PAGE, re.MULTILINE
    ):
        known = {parameter["name"] for parameter in paths[path][method.lower()]["parameters"]}
        assert set(re.findall(r"[a-z_]+", words)) <= known, path
