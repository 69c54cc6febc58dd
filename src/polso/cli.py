"""The command line: `polso --workspace DIR COMMAND …`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from polso import sample, show
from polso.engines import ENGINES
from polso.entities import ENTITIES
from polso.errors import PolsoError
from polso.ingest.mapping import render
from polso.measure.predict import VALUES
from polso.query import COMPARISONS
from polso.text import FULL, READERS
from polso.text.aspects import SECTORS
from polso.workspace import Workspace, restore

_SPLIT_FORMATS = ("table", "json", "csv", "parquet")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every error here."""

    def error(self, message: str) -> NoReturn:
        raise PolsoError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, or 2 after one line on standard error."""
    try:
        asked = _parser().parse_args(arguments)
        return int(asked.run(asked) or 0)
    except PolsoError as error:
        print(f"polso: {' '.join(str(error).split())}", file=sys.stderr)
    except KeyboardInterrupt:
        print("polso: stopped; nothing of an unfinished load was stored", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        print(f"polso: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
    return 2


def _parser() -> _Parser:
    parser = _Parser(prog="polso", description="Measure customer experience.")
    parser.add_argument("--workspace", type=Path, default=Path("workspace"), metavar="DIR", help="default: ./workspace")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    load = _command(commands, "load", "load files as facts", _load)
    load.add_argument("entity", metavar="ENTITY", help="what a row is: " + ", ".join(ENTITIES))
    load.add_argument("files", nargs="+", metavar="FILE", help="a path, or - for standard input")
    load.add_argument("--mapping", type=Path, metavar="M.toml", help="how the file's columns become facts")
    load.add_argument("--dry-run", action="store_true", help="print the mapping that would be used; load nothing")
    load.add_argument("--keep-good", action="store_true", help="load the good rows even if some are refused")

    annotate = _command(commands, "annotate", "read what customers wrote: sentiment, aspects, emotions", _annotate)
    annotate.add_argument("--using", choices=READERS, default=FULL, help="fast: over a thousand texts a second, less exact")
    annotate.add_argument("--sector", choices=SECTORS, default="general", help="whose aspects are looked for")

    measure = _command(commands, "measure", "compute KPIs", _measure)
    measure.add_argument("keys", nargs="+", metavar="KEY", help="KPIs; see polso kpis")
    _question(measure)
    measure.add_argument("--format", choices=_SPLIT_FORMATS, default="table")
    measure.add_argument("--output", type=Path, metavar="FILE", help="write to a file instead of standard output")

    explain = _command(commands, "explain", "lay open how a number came about", _explain)
    explain.add_argument("key", metavar="KEY")
    explain.add_argument("--why", action="store_true", help="say which segments its change came with; needs --from and --to")
    _question(explain)

    foretell = _command(commands, "predict", "foretell what customers will still bring", _predict)
    foretell.add_argument("key", metavar="KEY", help="clv (from purchases) or contract_value (from contracts)")
    foretell.add_argument("--by", action="append", default=[], metavar="DIM", help="split by a column; may be repeated")
    foretell.add_argument("--months", type=int, default=12, help="how far ahead; default: 12")
    foretell.add_argument("--where", metavar="EXPR", help="which facts count, for example \"channel = 'web'\"")
    foretell.add_argument("--value", choices=VALUES, default="margin", help="what of a purchase is counted; default: margin")
    foretell.add_argument("--format", choices=_SPLIT_FORMATS, default="table")

    kpis = _command(commands, "kpis", "list the KPIs", _kpis)
    kpis.add_argument("--format", choices=("table", "json"), default="table")

    describe = _command(commands, "describe", "list an entity's columns", _describe)
    describe.add_argument("entity", metavar="ENTITY")
    describe.add_argument("--format", choices=("table", "json"), default="table")

    erase = _command(commands, "erase", "erase a customer everywhere", _erase)
    erase.add_argument("--customer", required=True, metavar="ID")

    export = _command(commands, "export", "write all facts as Parquet, one file an entity", _export)
    export.add_argument("folder", type=Path, nargs="?", default=Path("export"), metavar="DIR")

    backup = _command(commands, "backup", "write everything to one file", _backup)
    backup.add_argument("file", type=Path, metavar="FILE")
    restored = _command(commands, "restore", "restore a backup into an empty workspace", _restore)
    restored.add_argument("file", type=Path, metavar="FILE")

    _command(commands, "compact", "merge small files and tidy old ones away", _compact)
    _command(commands, "doctor", "check that the workspace is sound", _doctor)

    serve = _command(commands, "serve", "serve the site and do its work", _serve)
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000")
    serve.add_argument("--web", action="store_true", help="serve only; polso work does the work")
    _command(commands, "work", "do the site's work: move what was posted, deliver, tidy", _work)

    demo = _command(commands, "demo", "load the sample workspace and print its KPIs", _demo)
    demo.add_argument("--until", type=date.fromisoformat, default=None, metavar="DATE", help="the made-up company's last day")
    return parser


def manual() -> dict[str, str]:
    """The help text of every command, by name."""
    # The width of the terminal must not matter.
    os.environ["COLUMNS"] = "110"
    commands = next(action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    return {name: parser.format_help() for name, parser in commands.choices.items()}


def _command(commands: Any, name: str, help_: str, run: Callable[[argparse.Namespace], int | None]) -> _Parser:
    parser: _Parser = commands.add_parser(name, help=help_, description=help_)
    parser.set_defaults(run=run)
    return parser


def _question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", action="append", default=[], metavar="DIM", help="split by a column; may be repeated")
    parser.add_argument("--grain", default="all", help="hour, day, week, month, quarter, year, all, or 28d to roll")
    parser.add_argument("--from", dest="start", metavar="D", help="first day, for example 2026-01-01")
    parser.add_argument("--to", dest="end", metavar="D", help="the day after the last")
    parser.add_argument("--where", metavar="EXPR", help="which facts count, for example \"channel = 'email'\"")
    parser.add_argument("--compare", choices=COMPARISONS, default="previous")
    parser.add_argument("--engine", choices=ENGINES, default="duckdb")


def _asked(asked: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in ("by", "grain", "start", "end", "where", "compare", "engine")}


def _opened(asked: argparse.Namespace) -> Workspace:
    if not asked.workspace.is_dir():
        raise PolsoError(f"there is no workspace at {asked.workspace}: load a file to make one, or run polso demo")
    return Workspace(asked.workspace)


def _load(asked: argparse.Namespace) -> int:
    sources: list[Path | BinaryIO] = [sys.stdin.buffer if name == "-" else Path(name) for name in asked.files]
    for source in sources:
        if isinstance(source, Path) and not source.is_file():
            raise PolsoError(f"there is no file {source}")
    workspace = Workspace(asked.workspace)
    if asked.dry_run:
        print(render(workspace.propose(asked.entity, sources[0])), end="")
        return 0
    with _progress() as progress:
        report = workspace.load(asked.entity, *sources, mapping=asked.mapping, keep_good=asked.keep_good, progress=progress)
    for warning in report.warnings:
        print(f"polso: {warning}", file=sys.stderr)
    print(show.loaded(report))
    return 0


def _annotate(asked: argparse.Namespace) -> int:
    workspace = _opened(asked)
    with _progress("reading", counted=True) as progress:
        done = workspace.annotate(asked.using, sector=asked.sector, progress=progress)
    print(f"{done.read} texts read, {done.kept} already were")
    return 0


def _progress(doing: str = "loading", counted: bool = False) -> Any:
    """A progress bar on standard error where a person looks at it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return nullcontext()
    return _Bar(console, doing, counted)


class _Bar:
    def __init__(self, console: Console, doing: str, counted: bool) -> None:
        columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn() if counted else DownloadColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True)

    def __enter__(self) -> Callable[[int, int | None], None]:
        self._progress.start()
        task = self._progress.add_task("load", total=None)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _measure(asked: argparse.Namespace) -> None:
    answers = _opened(asked).measure(*asked.keys, **_asked(asked))
    show.answers(answers, asked.format, asked.output)


def _predict(asked: argparse.Namespace) -> None:
    question = {name: getattr(asked, name) for name in ("by", "months", "where", "value")}
    show.answers(_opened(asked).predict(asked.key, **question), asked.format, None)


def _explain(asked: argparse.Namespace) -> None:
    question = _asked(asked)
    lines = (
        _opened(asked).why(asked.key, **question).lines() if asked.why else _opened(asked).explain(asked.key, **question).lines()
    )
    print("\n".join(lines))


def _kpis(asked: argparse.Namespace) -> None:
    workspace = Workspace(asked.workspace)
    show.kpis(workspace.catalogue, asked.format, workspace.settings.language)


def _describe(asked: argparse.Namespace) -> None:
    show.entity(Workspace(asked.workspace).describe(asked.entity), asked.format)


def _erase(asked: argparse.Namespace) -> None:
    print(show.erased(_opened(asked).erase(asked.customer)))


def _export(asked: argparse.Namespace) -> None:
    for name, path in _opened(asked).export(asked.folder).items():
        print(f"{name}: {path}")


def _backup(asked: argparse.Namespace) -> None:
    _opened(asked).backup(asked.file)
    print(f"backed up to {asked.file}")


def _restore(asked: argparse.Namespace) -> None:
    restore(asked.file, asked.workspace)
    print(f"restored to {asked.workspace}")


def _compact(asked: argparse.Namespace) -> None:
    merged = _opened(asked).compact()
    for name, count in merged.items():
        print(f"{name}: {count} files fewer")
    if not merged:
        print("nothing to merge")


def _doctor(asked: argparse.Namespace) -> int:
    findings = _opened(asked).doctor()
    for finding in findings:
        print(finding)
    print("sound" if not findings else f"{len(findings)} findings")
    return 0


def _demo(asked: argparse.Namespace) -> None:
    workspace = Workspace(asked.workspace)
    until = sample.last_full_month(asked.until or date.today())[1]
    sample.load_real(workspace, print)
    sample.load_company(workspace, until, print)
    for title, answers in sample.questions(workspace, until):
        print()
        show.summary(answers, title)
    print(f"\n{sample.WHAT_NEXT.format(workspace=asked.workspace, polso=_own_name())}")


def _serve(asked: argparse.Namespace) -> None:
    options = ["--host", asked.host, "--port", str(asked.port), *(["--web"] if asked.web else [])]
    _become(asked, options)


def _work(asked: argparse.Namespace) -> None:
    _become(asked, ["--work"])


def _become(asked: argparse.Namespace, options: list[str]) -> None:
    # The site takes this process's place: nothing of it is imported by the other commands.
    os.execv(sys.executable, [sys.executable, "-m", "polso.web", "--workspace", str(asked.workspace), *options])


def _own_name() -> str:
    """What to type to run this again: where it is, unless the shell finds it."""
    return "polso" if shutil.which("polso") else os.path.relpath(sys.argv[0])


if __name__ == "__main__":
    sys.exit(main())
