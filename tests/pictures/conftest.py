"""Each app to draw, and a headless browser for all tests of a worker, with a page in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from slr_constructs.pictures.html import html
from tests.pictures.many_apps import APPS
from tests.pictures.page import Page
from tests.programs import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slr_constructs.templates.app import App

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
]
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


@pytest.fixture(params=list(APPS.values()), ids=list(APPS))
def app(request: pytest.FixtureRequest) -> App:
    """Return each app in turn."""
    make: Callable[[], App] = request.param
    return make()


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Return a browser; skip the test if none is installed, but fail in CI."""
    browser, driver = require(*BROWSERS), require("chromedriver")  # Debian: chromium-driver
    options = ChromeOptions()
    options.binary_location = browser
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


@pytest.fixture
def open_page(chrome: Chrome, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the page of an app, and check that it needs no network.

    The page shows all resources, unless a test asks for the page as it is at first.

    The page must not log errors or send requests.
    """
    file = tmp_path / "order.html"

    def opened(app: App, *, as_it_is: bool = False) -> Page:
        file.write_text(html(app), encoding="utf-8")
        chrome.get(file.as_uri())
        page = Page(chrome)
        page.wait_until_loaded()
        if not as_it_is:
            page.show_all_resources()
        return page

    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", DESKTOP)
    chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    # no motion: a test would have to wait for it
    look = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": look})
    chrome.get("about:blank")
    for kind in ("browser", "performance"):
        _log(chrome, kind)
    yield opened
    assert _log(chrome, "browser") == []
    events = [json.loads(each["message"])["message"] for each in _log(chrome, "performance")]
    requested = {
        each["params"]["request"]["url"]
        for each in events
        if each["method"] == "Network.requestWillBeSent"
    }
    assert requested - {"data:,"} == {file.as_uri()}


def _log(chrome: Chrome, kind: str) -> list[dict[str, str]]:
    """Return the entries since the last call."""
    entries: list[dict[str, str]] = chrome.get_log(kind)  # type: ignore[no-untyped-call]
    return entries
