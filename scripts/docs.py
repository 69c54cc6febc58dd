"""Make the pages that follow from the code: KPIs, entities, commands, settings."""

from __future__ import annotations

import sys
from pathlib import Path

from polso import cli
from polso.entities import ENTITIES
from polso.metrics.book import markdown
from polso.metrics.catalogue import Catalogue
from polso.settings import DEFAULT

DOCS = Path(__file__).parent.parent / "docs"


def pages() -> dict[str, str]:
    """Every made page by its name in `docs`."""
    catalogue = Catalogue.load()
    return {
        "kpis.md": markdown(catalogue, "en"),
        "kpis.it.md": markdown(catalogue, "it"),
        "entities.md": _entities(),
        "commands.md": _commands(),
        "settings.md": _settings(),
    }


def _entities() -> str:
    made = "Made from `src/polso/entities`; run `make docs` after a change."
    lines = ["# The entities", "", f"What a row may be, and its columns. {made}"]
    for entity in ENTITIES.values():
        lines += ["", f"## {entity.name}", "", f"One row is one {entity.row}, dated by `{entity.anchor}`.", ""]
        lines += ["| column | type | |", "|---|---|---|"]
        for column in entity.all_columns:
            marks = [word for word in ("required", "personal", "dimension") if getattr(column, word)]
            marks += [f"one of {', '.join(f'`{value}`' for value in column.values)}"] if column.values else []
            marks += [f"an id of {column.refers}"] if column.refers else []
            told = f"{column.about}{' (' + '; '.join(marks) + ')' if marks else ''}"
            lines.append(f"| `{column.name}` | {column.type.value} | {told} |")
    return "\n".join(lines) + "\n"


def _commands() -> str:
    lines = ["# The commands", "", "Made from the command line itself; run `make docs` after a change.", ""]
    lines += ["Every command takes `--workspace DIR` before its name. It ends with 0, or with 2 and one line on standard error."]
    for name, text in cli.manual().items():
        lines += ["", f"## polso {name}", "", "```text", text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _settings() -> str:
    head = "# Settings\n\nA workspace's settings are in its `polso.toml`. This is the file a new workspace gets:\n"
    return f"{head}\n```toml\n{DEFAULT}```\n"


def main() -> int:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
