"""How far the text files are known to be complete and on the disk: a small file beside them."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from grid.metrics import MAX_INTEGER


@dataclass(frozen=True, slots=True)
class Position:
    """All readings up to an `id` are in the text files, which then had these sizes."""

    ledger_id: str = ""
    """The database that the `id` is of."""
    complete_up_to: int = 0
    sizes: dict[int, int] = field(default_factory=dict)
    """Bytes, by turbine: whatever is shorter was cut, whatever stands behind came later."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the position; the beginning of all, if there is none or it can't be understood."""
        try:
            found = json.loads(path.read_bytes())
            sizes = {int(number): _count(size) for number, size in found["sizes"].items()}
            return cls(str(found["ledger_id"]), _count(found["complete_up_to"]), sizes)
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()

    def save(self, path: Path) -> None:
        """Write the position so that it is the old one or the new one, whatever happens. Raises OSError."""
        unfinished = path.with_suffix(".new")
        fields = {"ledger_id": self.ledger_id, "complete_up_to": self.complete_up_to, "sizes": self.sizes}
        with unfinished.open("w", encoding="ascii") as file:
            json.dump(fields, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)


def _count(number: object) -> int:
    if type(number) is not int or not 0 <= number <= MAX_INTEGER:
        raise ValueError("no count")
    return number
