"""The results of a benchmark as Markdown, and the bounds that were exceeded."""

from __future__ import annotations


class Report:
    """Lines of Markdown, and the bounds that were exceeded."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.exceeded: list[str] = []

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines.extend(lines)

    def table(self, *heads: str) -> None:
        """Start a table with text in the first column and numbers in the others."""
        self.add("", f"| {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) - 1))

    def row(self, *cells: object) -> None:
        """Add a row to the table."""
        self.add(f"| {' | '.join(map(str, cells))} |")

    def bounded(
        self, what: str, first: str, second: str, ratio: float, bound: float | None
    ) -> None:
        """Add a row that ends with a ratio and its bound, if it has one."""
        self.row(what, first, second, f"{ratio:.2f}", "" if bound is None else f"≤ {bound:.2f}")
        if bound is not None and ratio > bound:
            self.exceeded.append(f"{what}: ratio must be at most {bound}, got {ratio:.3f}")
