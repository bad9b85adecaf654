"""A page in a browser, and the actions of its user."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

_BOX = ".graph > :not([hidden]) .box"


class Page:
    """The page that is open.

    Args:
        chrome: The browser.
    """

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - what the script returns
        """Run a script and return its result."""
        return self.chrome.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """Return the visible text of an element."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def box(self, logical_id: str, stack: str | None = None) -> Any:  # noqa: ANN401 - an element
        """Return the box of a resource in the picture that is shown."""
        lane = "" if stack is None else f'[data-stack="{stack}"] '
        scope = _BOX.replace(".box", f'{lane}.box[data-id="{logical_id}"]')
        return self.chrome.find_element(By.CSS_SELECTOR, scope)

    def chosen(self) -> list[str]:
        """Return the logical ids of the highlighted resources."""
        return self._ids(f"{_BOX}.on")

    def shown(self) -> list[str]:
        """Return the logical ids in the picture that is shown."""
        return self._ids(_BOX)

    def _ids(self, selector: str) -> list[str]:
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.dataset.id)",
            selector,
        )
        return found

    def states(self) -> dict[str, dict[str, str]]:
        """Return the state of each resource that is shown, by stack."""
        rows: list[tuple[str, str, str]] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((each) =>"
            " [each.closest('.lane').dataset.stack, each.dataset.id, each.dataset.state])",
            _BOX,
        )
        states: dict[str, dict[str, str]] = {}
        for stack, logical_id, state in rows:
            states.setdefault(stack, {})[logical_id] = state
        return states

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        ActionChains(self.chrome, duration=0).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Press Tab until an element has the focus."""
        for _ in range(40):
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the Tab key does not reach {selector}")

    def point_at(self, element: Any) -> None:  # noqa: ANN401 - what `box` returned
        """Move the mouse over an element."""
        ActionChains(self.chrome, duration=0).move_to_element(element).perform()

    def click(self, selector: str) -> None:
        """Click an element."""
        self.chrome.find_element(By.CSS_SELECTOR, selector).click()

    def tap(self, element: Any) -> None:  # noqa: ANN401 - what `box` returned
        """Touch an element with a finger."""
        place = self.run(
            "arguments[0].scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});"
            "const box = arguments[0].getBoundingClientRect();"
            "return {x: box.x + box.width / 2, y: box.y + box.height / 2}",
            element,
        )
        for kind, points in (("touchStart", [place]), ("touchEnd", [])):
            self.chrome.execute_cdp_cmd(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        self.wait_until("return !document.getElementById('panel').hidden")

    def show_all_resources(self) -> None:
        """Show resources that do not belong to a role too."""
        self.run(
            "if (document.getElementById('only-roles').checked) arguments[0].click()",
            self.chrome.find_element(By.ID, "only-roles"),
        )

    def slide_to(self, step: int) -> None:
        """Move the slider."""
        self.run(
            "const slider = document.getElementById('step'); slider.value = arguments[0];"
            "slider.dispatchEvent(new Event('input', {bubbles: true}))",
            step,
        )

    def steps(self) -> int:
        """Return how many steps the slider has."""
        return int(self.run("return document.getElementById('step').max"))

    def wait_until_loaded(self) -> None:
        """Wait until the whole page is loaded: the data are at its end."""
        self.wait_until(
            "return document.readyState === 'complete' && document.getElementById('order')"
        )

    def wait_until(self, script: str) -> None:
        """Wait until a script returns a true value."""
        WebDriverWait(self.chrome, 30, 0.05).until(lambda _: self.run(script))
