"""Whoever reads the documentation finds every command, setting and KPI, as they are."""

import re
import sys
from pathlib import Path

import pytest

from polso import cli
from polso.metrics.catalogue import Catalogue
from polso.settings import DEFAULT, CalendarSettings, FirstResponse

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import docs  # noqa: E402


@pytest.mark.parametrize("name", ["kpis.md", "kpis.it.md", "entities.md", "commands.md", "settings.md"])
def test_the_made_pages_are_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == docs.pages()[name], "run make docs"


def test_every_kpi_has_its_entry_in_both_languages() -> None:
    for page in ("kpis.md", "kpis.it.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [one.key for one in Catalogue.load() if f"`{one.key}`" not in text] == []


def test_every_command_is_named_in_the_commands_page() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in cli.manual() if f"## polso {name}" not in text] == []


def test_every_setting_is_in_the_file_a_new_workspace_gets() -> None:
    names = ["name", "timezone", "language", "currency", *CalendarSettings.__dataclass_fields__]
    names += [*FirstResponse.__dataclass_fields__]
    assert [name for name in names if not re.search(rf"\b{name}\b", DEFAULT)] == []


def test_every_setting_from_outside_is_on_the_page_about_running() -> None:
    page = (ROOT / "docs" / "how-to" / "running.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page)) - {"POSTGRES_PASSWORD"}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "polso" / "web").rglob("*.py"))
    read = set(re.findall(r"environ\b[^\n]*?\"((?:POLSO|OIDC)_[A-Z_]+)\"", code))
    assert told == read | {"DATABASE_URL"}


def test_the_links_of_every_page_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http") and not (page.parent / link).exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_the_readme_has_the_same_commands_in_both_languages() -> None:
    def commands(name: str) -> list[str]:
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
        words = " ".join(blocks).split()
        return [word for word in words if word in cli.manual() or word.startswith("--")]

    assert commands("README.md") == commands("README.it.md")
