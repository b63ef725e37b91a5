"""The watch over the pages itself: what it must not let pass."""

from playwright.sync_api import Page
from served import ServedFarm
from watched import Watch


def test_a_page_that_fails_is_found(site: ServedFarm, page: Page, watch: Watch) -> None:
    watch.forgive("said aloud|thrown|127.0.0.2|violates")
    page.goto("/")
    page.evaluate("console.error('said aloud')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.evaluate("fetch('http://127.0.0.2:9/away').catch(() => null)")
    page.evaluate("open('http://127.0.0.2:8/away')")
    page.wait_for_timeout(300)

    found = "\n".join(watch.complaints)
    assert "said aloud" in found
    assert "thrown" in found
    assert "violates the following Content Security Policy" in found
    assert "left the origin: http://127.0.0.2:8/away" in found
