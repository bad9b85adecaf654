"""The documentation site in a browser, on a desktop and on a phone."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.project import ROOT
from scripts.site_pages import write_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": 1400, "phone": 360}
OVERFLOW = "return document.scrollingElement.scrollWidth - innerWidth"
#: pictures that could not be loaded.
BROKEN = "return [...document.images].filter((each) => !each.naturalWidth).map((each) => each.src)"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, and fail on its warnings."""
    folder = tmp_path_factory.mktemp("site")
    write_pages(folder / "pages")
    config = yaml.unsafe_load((ROOT / "mkdocs.yml").read_text())
    config |= {"docs_dir": str(folder / "pages"), "site_dir": str(folder / "html")}
    config["plugins"][1]["mkdocstrings"]["handlers"]["python"]["paths"] = [str(ROOT)]
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder / "html"


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Serve the site on the loopback interface."""
    handler = functools.partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _logged(chrome: Chrome) -> list[dict[str, Any]]:
    """Return what the browser has logged since the last call."""
    logged: list[dict[str, Any]] = chrome.get_log("browser")  # type: ignore[no-untyped-call]
    return logged


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_every_page_fits_the_screen(width: int, chrome: Chrome, site: Path, address: str) -> None:
    """No page scrolls sideways, logs an error, or has a broken picture."""
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    _logged(chrome)
    pages = [path.parent.relative_to(site) for path in site.rglob("index.html")]
    assert len(pages) > 20

    for page in pages:
        chrome.get(f"{address}{'' if page == Path() else f'{page}/'}")

        assert chrome.execute_script(OVERFLOW) <= 0, page
        assert chrome.execute_script(BROKEN) == [], page
        assert _logged(chrome) == [], page


def test_a_page_needs_no_other_server(site: Path) -> None:
    """Styles, scripts, fonts and pictures are part of the site."""
    for path in site.rglob("*.html"):
        text = path.read_text()
        for start in ('src="http', 'rel="stylesheet" href="http', 'rel="preconnect"'):
            assert start not in text, path
