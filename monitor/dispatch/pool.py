"""The bounded pool of engineers."""

from collections.abc import Iterable


class EngineerPool:
    """Engineers are numbered from 1. A number is out at most once; a smaller pool recalls nobody."""

    def __init__(self, size: int, out: Iterable[int] = ()) -> None:
        """A pool of `size` engineers, of whom these are out; some may have a number above `size`."""
        self.size = size
        self._out = set(out)

    @property
    def out(self) -> int:
        """How many engineers are out."""
        return len(self._out)

    @property
    def free(self) -> int:
        """How many may be sent: none while as many are out as there are, whatever their numbers."""
        return max(0, self.size - len(self._out))

    def send(self) -> int:
        """Send the free engineer with the lowest number. Raises LookupError if none is free."""
        if not self.free:
            raise LookupError("no engineer is free")
        engineer = next(number for number in range(1, self.size + 1) if number not in self._out)
        self._out.add(engineer)
        return engineer

    def take_back(self, engineer: int) -> None:
        """Take an engineer back. Raises KeyError for one who is not out."""
        self._out.remove(engineer)
