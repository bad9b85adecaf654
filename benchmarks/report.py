"""What a benchmark has measured, as Markdown, and which bounds were broken."""

from __future__ import annotations


class Report:
    """Lines of Markdown, and the bounds that were broken."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.broken: list[str] = []

    def say(self, *lines: str) -> None:
        """Add lines as they are."""
        self.lines.extend(lines)

    def table(self, *heads: str) -> None:
        """Start a table whose first column is text and the others numbers."""
        self.say("", f"| {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) - 1))

    def row(self, *cells: object) -> None:
        """Add a row to the table."""
        self.say(f"| {' | '.join(map(str, cells))} |")

    def bounded(
        self, what: str, first: str, second: str, ratio: float, bound: float | None
    ) -> None:
        """Add a row that ends in a ratio and its bound, if it has one."""
        self.row(what, first, second, f"{ratio:.2f}", "" if bound is None else f"≤ {bound:.2f}")
        if bound is not None and ratio > bound:
            self.broken.append(f"{what}: ratio {ratio:.3f} must be at most {bound}")
