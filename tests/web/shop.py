"""The facts of a small shop: two departments that differ in everything, so that a number tells whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from polso.workspace import Workspace

START = datetime(2024, 10, 1, 8, tzinfo=UTC)
DAYS = 182
NORTH, SOUTH = "north", "south"
AGENTS = {NORTH: ("Anna", "Nora"), SOUTH: ("Sara", "Silvio")}
SECRET_OF_SOUTH = "southern lamp"
"""Stands in everything that somebody of the South wrote."""


def fill(workspace: Workspace) -> None:
    """Load the shop's facts."""
    dice = np.random.default_rng(7)
    customers = [_customer(place, part) for part in (NORTH, SOUTH) for place in range(40)]
    workspace.load_table("customer", pa.Table.from_pylist(customers))
    workspace.load_table("response", pa.Table.from_pylist([_answer(place, dice) for place in range(900)]))
    workspace.load_table("ticket", pa.Table.from_pylist([_ticket(place, dice) for place in range(600)]))
    workspace.load_table("journey_event", pa.Table.from_pylist([_step(place) for place in range(200)]))


def _part(place: int) -> str:
    return NORTH if place % 3 else SOUTH


def _customer_id(place: int, part: str) -> str:
    return f"{part}-{place % 40:03d}"


def _moment(place: int, most: int) -> datetime:
    return START + timedelta(days=place * DAYS // most, hours=place % 9)


def _customer(place: int, part: str) -> dict[str, Any]:
    moment = START - timedelta(days=30 + place)
    return {
        "id": _customer_id(place, part),
        "acquired_at": moment,
        "name": f"Person {place} of the {part}",
        "email": f"{part}{place}@example.org",
        "country": "IT",
        "source": "shop",
    }


def _answer(place: int, dice: np.random.Generator) -> dict[str, Any]:
    part = _part(place)
    happy = part == NORTH
    kind, most = ("nps", 10) if place % 2 else ("csat", 5)
    score = int(np.clip(round(dice.normal(0.9 if happy else 0.3, 0.12) * most), kind == "csat", most))
    # Fax is a small group: three answers.
    channel = "fax" if place in (301, 303, 305) else ("email", "web", "phone")[place % 5 % 3]
    return {
        "id": f"a{place}",
        "submitted_at": _moment(place, 900),
        "kind": kind,
        "programme": "relational" if kind == "nps" else "transactional",
        "score": float(score),
        "scale_min": 0.0 if kind == "nps" else 1.0,
        "scale_max": float(most),
        "high_is_good": True,
        "comment": ("A fine lamp" if happy else SECRET_OF_SOUTH) if place % 4 < 2 else None,
        "customer_id": _customer_id(place, part),
        "department": part,
        "agent": AGENTS[part][place % 7 % 2],
        "channel": channel,
        "source": "shop",
    }


def _ticket(place: int, dice: np.random.Generator) -> dict[str, Any]:
    part = _part(place)
    opened = _moment(place, 600)
    answered = opened + timedelta(hours=float(dice.uniform(0.2, 2) if part == NORTH else dice.uniform(20, 40)))
    solved = answered + timedelta(hours=float(dice.uniform(1, 30)))
    return {
        "id": f"t{place}",
        "opened_at": opened,
        "first_response_at": answered,
        "resolved_at": solved,
        "status": "resolved",
        "reopens": int(place % 11 == 0),
        "customer_id": _customer_id(place, part),
        "department": part,
        "team": f"{part} desk",
        "agent": AGENTS[part][place % 7 % 2],
        "channel": ("email", "chat")[place % 2],
        "source": "shop",
    }


def _step(place: int) -> dict[str, Any]:
    name = ("visit", "visit", "cart", "paid")[place % 4]
    moment = _moment(place, 200)
    return {
        "id": f"j{place}",
        "at": moment,
        "name": name,
        "goal": name == "paid",
        "customer_id": _customer_id(place, _part(place)),
        "journey": "purchase",
        "source": "shop",
    }
