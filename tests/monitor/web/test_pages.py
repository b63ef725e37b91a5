"""What the server writes of each page, without a browser: nothing inline, nothing from elsewhere, every file there."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import asking, site_app

from monitor.access.records import User
from monitor.access.roles import Role
from monitor.console.standing import Standing
from monitor.store.accounts import Accounts
from monitor.web.pages import local_path

WEB = Path(__file__).parents[3] / "monitor" / "web"
STATIC = WEB / "static"
OUR_SCRIPTS = sorted((STATIC / "js").glob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
PATHS = ("/", "/alarms", "/outages", "/turbines/1", "/repairs", "/journal", "/dead-letters", "/audit", "/about")

MARKUP_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|setHTML|createContextualFragment"
    r"|\beval\(|new Function"
)


class Seen(HTMLParser):
    """The elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style") and data.strip():
            self.inline.append(data)

    def loaded(self) -> list[str]:
        """The addresses of all that the page loads: not where it leads to."""
        loading = [attributes for tag, attributes in self.elements if tag != "a"]
        return [value for attributes in loading for name in ("src", "href") if (value := attributes.get(name))]

    def links(self) -> list[str]:
        """Where it leads to."""
        return [attributes["href"] for tag, attributes in self.elements if tag == "a" and "href" in attributes]


@pytest.fixture(params=PATHS)
async def seen(request: pytest.FixtureRequest, tmp_path: Path) -> Seen:
    """A page of a site whose monitor never ran."""
    async with asking(site_app(tmp_path)) as client:
        return Seen((await client.get(request.param)).text)


async def test_a_page_has_no_script_and_no_style_inside(seen: Seen) -> None:
    assert seen.inline == []
    assert [attributes for _, attributes in seen.elements if "style" in attributes] == []
    assert [name for _, attributes in seen.elements for name in attributes if name.startswith("on")] == []


async def test_all_that_a_page_loads_is_here(seen: Seen) -> None:
    assert [address for address in seen.loaded() if not address.startswith("/static/")] == []
    files = [address.removeprefix("/static/") for address in seen.loaded()]
    assert files
    assert [name for name in files if not (STATIC / name).is_file()] == []


async def test_a_page_has_landmarks_a_heading_and_a_way_past_the_header(seen: Seen) -> None:
    tags = [tag for tag, _ in seen.elements]

    assert {"header", "nav", "main", "h1"} <= set(tags)
    assert tags.count("h1") == tags.count("main") == 1
    assert "#main" in seen.links()


async def test_without_scripts_a_page_says_where_to_look(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        page = (await client.get("/")).text

    words = page.split("<noscript>")[1].split("</noscript>")[0]
    assert "grid-monitor top" in words
    assert 'href="/api/v1/farm"' in words


async def test_an_open_site_asks_nobody_who_they_are(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        page, sign_in = await client.get("/"), await client.get("/sign-in?next=/journal")

    assert 'id="who"' not in page.text
    assert "data-asks" not in page.text
    assert (sign_in.status_code, sign_in.headers["location"]) == (httpx.codes.SEE_OTHER, "/journal")


async def test_a_stranger_on_a_closed_site_gets_the_sign_in_and_nothing_of_the_farm(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path, http_key_file=tmp_path / "http-key")) as client:
        page = await client.get("/turbines/7?hours=24")
        sign_in = await client.get(page.headers["location"])

    assert (page.status_code, page.text) == (httpx.codes.SEE_OTHER, "")
    seen = Seen(sign_in.text)
    assert ("form", {"id": "sign-in-form", "data-next": "/turbines/7?hours=24"}) in seen.elements
    assert seen.inline == []
    assert [address for address in seen.loaded() if not (STATIC / address.removeprefix("/static/")).is_file()] == []


async def test_where_nobody_has_an_account_the_sign_in_says_how_to_make_one(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path, http_key_file=tmp_path / "http-key")) as client:
        before = (await client.get("/sign-in")).text
        Accounts.of(tmp_path).create_user(User("ada", Role.ADMIN, 1, 1), "no hash", by="root")
        after = (await client.get("/sign-in")).text

    hint = "grid-monitor user create NAME --role admin"
    assert (hint in before, hint in after) == (True, False)


@pytest.mark.parametrize("path", ["/", "/alarms?alarm=12", "/turbines/7?incident=3&hours=24", "/?find=v90%20x"])
def test_after_a_sign_in_one_goes_on_to_a_page_of_this_site(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "alarms", "//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example/", "javascript:alert(1)",
     "/\t/elsewhere.example", "/a\nb", "/sign-in?next=/sign-in", " /alarms", "/caf\u00e9"],
)  # fmt: skip
def test_after_a_sign_in_nobody_is_led_elsewhere(path: str) -> None:
    assert local_path(path) == "/"


@given(st.text(alphabet="/\\.:@ab%?#\t\n \u2044", max_size=12).map(lambda text: f"/{text}"))
def test_no_address_that_is_gone_on_to_names_another_host(path: str) -> None:
    gone_on_to = urlsplit(local_path(path).replace("\\", "/"))  # as browsers read it

    assert (gone_on_to.scheme, gone_on_to.netloc) == ("", "")


async def test_browsers_find_the_sign_of_the_tab(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        answer = await client.get("/favicon.ico", follow_redirects=True)

    assert (answer.status_code, answer.headers["content-type"]) == (httpx.codes.OK, "image/svg+xml")


@pytest.mark.parametrize("script", OUR_SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(script: Path) -> None:
    assert MARKUP_FROM_TEXT.findall(script.read_text()) == []


def test_the_templates_escape_everything() -> None:
    assert [path.name for path in TEMPLATES if re.search(r"\|\s*safe|autoescape|Markup", path.read_text())] == []


def test_every_icon_that_is_used_is_drawn() -> None:
    text = "".join(path.read_text() for path in (*OUR_SCRIPTS, *TEMPLATES))
    used = set(re.findall(r"\bicon-([a-z]+)\b", text)) | set(re.findall(r"\bicon\(\"([a-z]+)\"", text))
    drawn = dict(re.findall(r"\.icon-([a-z]+) \{ --icon: (\d+); \}", "".join(path.read_text() for path in STYLES)))

    assert used - set(drawn) == set()
    assert {standing.value for standing in Standing} <= set(drawn)
    pictures = (STATIC / "icons.svg").read_text().count('<g transform="translate(')
    assert sorted(map(int, drawn.values())) == list(range(pictures))


def test_the_page_knows_the_standings_worst_first() -> None:
    [known] = re.findall(r"STANDINGS = \[(.*?)\]", (STATIC / "js" / "live-farm.js").read_text())

    assert re.findall(r'"(\w+)"', known) == [standing.value for standing in Standing]


async def test_the_strip_has_a_count_for_every_standing_worst_first(tmp_path: Path) -> None:
    async with asking(site_app(tmp_path)) as client:
        page = Seen((await client.get("/")).text)

    buttons = [attributes["data-standing"] for tag, attributes in page.elements if "data-standing" in attributes]
    assert buttons == [standing.value for standing in Standing]
