"""Loading: staged rows become facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polso.warehouse.log import Change, DataFile, Snapshot
from polso.warehouse.rows import Laid
from polso.warehouse.staged import Fate, Staged
from polso.warehouse.work import Work


class Load:
    """Staged rows and what they mean for the snapshot looked at last."""

    def __init__(
        self, work: Work, staged: Sequence[Path | Laid], note: Mapping[str, str], derived_from: Mapping[str, int]
    ) -> None:
        self._work = work
        self._staged = Staged(work.connection, work.log.entity, staged)
        self._note = note
        self._derived_from = derived_from
        self._fresh: list[DataFile] | None = None
        self._mark: Any = None
        self.fate = Fate(0, 0, 0, ())
        if (self._staged.count or derived_from) and work.log.snapshot().version < 0:
            work.log.create()

    def proposal(self, seen: Snapshot) -> Change | None:
        """Return what is to be committed on this snapshot; None where it holds everything already."""
        if self._staged.count:
            self.fate = self._staged.against(seen.files)
        if not (self.fate.inserted or self.fate.updated):
            return self._only_derived()
        return Change(
            load=self._work.name,
            added=self._write_fresh(),
            kept=self._write_rest(),
            removed=self.fate.touched,
            note=self._note,
            counts={"inserted": self.fate.inserted, "updated": self.fate.updated, "unchanged": self.fate.unchanged},
            derived_from=self._derived_from,
        )

    def _only_derived(self) -> Change | None:
        if all(self._work.log.derived_version(name) == version for name, version in self._derived_from.items()):
            return None
        return Change(load=self._work.name, note=self._note, derived_from=self._derived_from)

    def _write_fresh(self) -> list[DataFile]:
        """Write the rows to load; once for all tries, unless another load brought some of the same rows."""
        mark = self._staged.unchanged_mark()
        if self._fresh is None or mark != self._mark:
            self._work.discard(keep=())
            self._fresh = self._staged.write_fresh(self._work.log.folder, self._work.name)
            self._mark = mark
        return self._fresh

    def _write_rest(self) -> list[DataFile]:
        """Write what stays of the files whose other rows change."""
        self._work.discard(keep=self._fresh or ())
        if not self.fate.touched:
            return []
        return self._staged.write_rest(self.fate.touched, self._work.log.folder, self._work.name)
