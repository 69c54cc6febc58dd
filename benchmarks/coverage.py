"""How often intervals hold the truth: `python -m benchmarks.coverage [--runs 5000]`.

Nominal 95 %. Each cell is the coverage in per cent and, in brackets, how many intervals lay wholly above and wholly below
the truth, by family of number and number of customers. The continuous build asks the same of fewer runs
(`tests/insights/test_coverage.py`).
"""

from __future__ import annotations

import argparse

from tests.insights.populations import FAMILIES, Found

CUSTOMERS = (30, 50, 100, 500)


def main() -> None:
    """Try every family and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5000)
    asked = parser.parse_args()
    print("| number | customers come | " + " | ".join(f"{customers} customers" for customers in CUSTOMERS) + " |")
    print("|---|---|" + "---|" * len(CUSTOMERS))
    for name, family in FAMILIES.items():
        for heavy in (False, True):
            cells = [_cell(family.tried(customers, asked.runs, customers, heavy=heavy)) for customers in CUSTOMERS]
            print(f"| {name} | {'again and again' if heavy else 'once'} | {' | '.join(cells)} |", flush=True)


def _cell(found: Found) -> str:
    above, below = found.missed
    return f"{found.covered:.1f} ({above:.1f}/{below:.1f})"


if __name__ == "__main__":
    main()
