"""All KPIs of a workspace: the built-in ones, and those of its own folder, by the same path."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from polso.errors import QueryError, did_you_mean
from polso.metrics.metric import Metric, MetricError, check_time, metric

THEMES = ("voice", "loop", "service", "loyalty", "sales", "digital", "journeys")
KEY = re.compile(r"^[a-z][a-z0-9_]*\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Catalogue:
    """KPIs by key, in order."""

    metrics: Mapping[str, Metric]

    @classmethod
    def load(cls, folder: Path | None = None, options: Mapping[str, Mapping[str, str]] | None = None) -> Catalogue:
        """Read the built-in KPIs, then a folder's own (one with a known key replaces it), then apply settings.

        `options` says what a KPI does differently here: KPI → per_customer, formula, where or time.
        """
        found = dict(_built_in())
        for path in sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else ():
            found |= read(path, "custom")
        for key, changes in (options or {}).items():
            if key not in found:
                raise MetricError(f"[metrics.{key}]: there is no KPI '{key}'{did_you_mean(key, found)}")
            found[key] = replace(found[key], **changes)  # type: ignore[arg-type]
            check_time(key, found[key].entity, found[key].time)
        return cls(found)

    def __getitem__(self, key: str) -> Metric:
        if key not in self.metrics:
            raise QueryError(f"there is no KPI '{key}'{did_you_mean(key, self.metrics)}")
        return self.metrics[key]

    def __contains__(self, key: object) -> bool:
        return key in self.metrics

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics.values())

    def __len__(self) -> int:
        return len(self.metrics)

    def keys(self) -> KeysView[str]:
        """The keys, in order."""
        return self.metrics.keys()

    def counting(self, prefix: str, usual: str, time: str) -> Catalogue:
        """The same KPIs, those of a family that are usually counted on one moment counted on another."""
        if usual == time:
            return self
        chosen = {one.key: replace(one, time=time) for one in self if one.key.startswith(prefix) and one.time == usual}
        return Catalogue({**self.metrics, **chosen})

    def version(self, key: str) -> str:
        """The version of a definition: it changes when the KPI, or one it is made of, is computed differently."""
        fingerprints = [self[one].fingerprint for one in sorted(self.made_of(key))]
        return sha256("".join([self[key].fingerprint, *fingerprints]).encode()).hexdigest()[:10]

    def made_of(self, key: str) -> set[str]:
        """The KPIs that a KPI's formula names, and those theirs name."""
        return self._made_of(key, set())

    def _made_of(self, key: str, met: set[str]) -> set[str]:
        for word in _WORD.findall(self[key].formula):
            if word in self.metrics and word not in met and word != key:
                met.add(word)
                self._made_of(word, met)
        return met


@lru_cache(maxsize=1)
def _built_in() -> Mapping[str, Metric]:
    here = Path(__file__).parent
    found: dict[str, Metric] = {}
    for theme in THEMES:
        found |= read(here / f"{theme}.toml", theme)
    return found


def read(path: Path, theme: str) -> dict[str, Metric]:
    """Read the KPIs of a TOML file; MetricError names the file."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return dict(_checked(given, theme))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MetricError(f"{path.name} cannot be read: {error}") from None
    except MetricError as error:
        raise MetricError(f"{path.name}: {error}") from None


def _checked(given: Mapping[str, object], theme: str) -> Iterable[tuple[str, Metric]]:
    for key, table in given.items():
        if not KEY.match(key):
            raise MetricError(f"'{key}' cannot be a KPI's key: use small letters, digits and _")
        yield key, metric(key, table, theme)  # type: ignore[arg-type]
