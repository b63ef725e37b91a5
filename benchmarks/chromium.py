"""The browser: Debian's Chromium, or another one on the PATH, driven by Playwright."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # root in a container has none to give
    "--disable-dev-shm-usage",  # a container's /dev/shm is small
    "--disable-gpu",
)


def find_chromium() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, executable: str, *more_arguments: str) -> Browser:
    """Start it without a window; it must be closed."""
    return playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more_arguments])
