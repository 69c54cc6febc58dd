"""The API keeps to its own description, whatever it is sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from posting import Caller, Running, answer, key_for


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("contract") / "shop", "", POLSO_RATE="10000000")
    running.ready()
    Caller(running.url, key_for(running.folder)).post([answer(f"a-{n}", n) for n in range(30)], query="?wait=true")
    yield running
    assert running.stop() == 0
    text = running.log.read_text()
    assert '"level": "error"' not in text and "Traceback" not in text, text[-3000:]


@pytest.mark.parametrize("role", ["owner", "executive"])
def test_whatever_is_asked_is_answered_as_described(role: str, served: Running, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{served.url}/api/v1/openapi.json"]
    command += ["-H", f"Authorization: Bearer {key_for(served.folder, role)}", "--seed", "7", "--max-examples", "12"]
    # What is refused for its meaning (a cursor of nowhere, a host that is not found) no schema can tell.
    command += ["--exclude-checks", "positive_data_acceptance", "--phases", "examples,coverage,fuzzing"]
    hooks = Path(__file__).with_name("as_bytes.py")
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(hooks), "NO_COLOR": "1"}
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:]
    tested = re.search(r"Tested: (\d+)", ran.stdout)
    generated = re.search(r"(\d+) generated", ran.stdout)
    assert tested and generated, ran.stdout[-2000:]
    assert int(tested[1]) == operations(served) and int(generated[1]) > 200


def operations(served: Running) -> int:
    document = json.loads(Caller(served.url, key_for(served.folder))("GET", "/openapi.json").body)
    assert document["openapi"].startswith("3.1")
    return sum(len(path) for path in document["paths"].values())
