"""A small workspace whose numbers can be told apart by team and agent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

import polso
from polso.workspace import Workspace

BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAYS = 120
TEAMS = {"north": ("ada", "bob"), "south": ("carla", "dino")}
SECRET = "Maria Segreta"
"""A name that only those may read who may see people."""


def fill(folder: Path) -> Workspace:
    """Load two teams' tickets and answers, and one customer by name."""
    dice = np.random.default_rng(11)
    workspace = polso.open(folder)
    count = 600
    team = dice.choice(list(TEAMS), count)
    agent = np.array([TEAMS[one][dice.integers(2)] for one in team])
    opened = [BEGIN + timedelta(days=float(day)) for day in np.sort(dice.uniform(0, DAYS, count))]
    waits = dice.lognormal(6, 1, count)
    customers = [f"c{number}" for number in dice.integers(0, 250, count)]
    tickets = {
        "id": [f"t{number}" for number in range(count)],
        "customer_id": customers,
        "opened_at": opened,
        "first_response_at": [at + timedelta(seconds=float(wait)) for at, wait in zip(opened, waits, strict=True)],
        "resolved_at": [at + timedelta(seconds=10 * float(wait)) for at, wait in zip(opened, waits, strict=True)],
        "team": team.tolist(),
        "agent": agent.tolist(),
        "channel": dice.choice(["email", "chat", "phone"], count).tolist(),
    }
    workspace.load_table("ticket", pa.table(tickets))
    score = np.where(team == "north", dice.integers(7, 11, count), dice.integers(3, 10, count))
    answers = {
        "id": [f"a{number}" for number in range(count)],
        "customer_id": customers,
        "submitted_at": [at + timedelta(hours=30) for at in opened],
        "kind": ["nps"] * count,
        "programme": ["relational"] * count,
        "score": score.astype(float).tolist(),
        "scale_min": [0.0] * count,
        "scale_max": [10.0] * count,
        "agent": agent.tolist(),
        "channel": dice.choice(["email", "web"], count).tolist(),
        "comment": [f"words of {one}" for one in customers],
    }
    workspace.load_table("response", pa.table(answers))
    known = {"id": ["c1"], "name": [SECRET], "acquired_at": [BEGIN - timedelta(days=90)]}
    workspace.load_table("customer", pa.table(known))
    return workspace
