"""Measure everything: `python -m benchmarks.run [--scale 0.1] [--data benchmarks/data]`.

One file per question; each writes its results, with the peers measured in the same run, to `benchmarks/results`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import cold, facts, load, memory, warm
from benchmarks.measuring import RESULTS

QUESTIONS = {"load": load, "cold": cold, "warm": warm, "memory": memory}


def main() -> None:
    """Make the facts, ask every question, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1, help="1 is 27 million facts")
    parser.add_argument("--data", type=Path, default=Path("benchmarks/data"))
    parser.add_argument("--only", choices=QUESTIONS, action="append")
    asked = parser.parse_args()
    facts.make(asked.data, asked.scale)
    for name in asked.only or QUESTIONS:
        QUESTIONS[name].run(asked.data, asked.scale)
    table()


def table() -> None:
    """Write the table of all results."""
    made = "Made by `python -m benchmarks.run`; each row was measured with its peer in one run, in turn."
    lines = ["# Results", "", made, ""]
    lines += ["| question | scale | ours ms | peer | peer ms | ratio | ours CPU ms | peer CPU ms |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    notes = []
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        for one in found["compared"]:
            lines.append(
                f"| {one['question']} | {found['scale']:g} | {one['ours_ms']:g} | {one['peer']} | {one['peer_ms']:g} "
                f"| **{one['ratio']:g}** | {one['ours_cpu_ms']:g} | {one['peer_cpu_ms']:g} |"
            )
        notes += [f"- {path.stem}, {name}: {value}" for name, value in found["facts"].items()]
        notes.append(f"- {path.stem}: {found['date']}, {found['machine']}, {found['versions']}")
    (RESULTS / "README.md").write_text("\n".join([*lines, "", *notes]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
