"""The documents' pictures: each is there, each page has its own, and none is left over."""

import re
from pathlib import Path

from story import EVERY_PAGE

PROJECT = Path(__file__).parents[2]
PICTURES = PROJECT / "docs" / "pictures"
OF_CLOSED_SITES = ("sign-in", "session-ended")
LOOKS = ("light", "dark", "narrow")
MOST_BYTES = 300_000
PNG = b"\x89PNG\r\n\x1a\n"
DOCUMENTS = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]


def names() -> set[str]:
    """What `make pictures` writes."""
    return {f"{name.replace(' ', '-')}-{look}.png" for name in (*EVERY_PAGE, *OF_CLOSED_SITES) for look in LOOKS}


def test_every_page_has_its_pictures_and_there_are_no_others() -> None:
    assert {picture.name for picture in PICTURES.glob("*.png")} == names()


def test_pictures_are_small_and_what_they_say() -> None:
    for picture in PICTURES.glob("*.png"):
        content = picture.read_bytes()
        assert content.startswith(PNG), picture.name
        assert len(content) < MOST_BYTES, picture.name


def test_documents_show_pictures_that_are_there() -> None:
    shown = [
        (document, link)
        for document in DOCUMENTS
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", document.read_text(encoding="utf-8"))
        if "://" not in link
    ]

    assert shown
    assert [link for document, link in shown if not (document.parent / link).is_file()] == []
