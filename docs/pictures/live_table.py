"""Draws the live table of a data folder as an SVG: `python docs/pictures/live_table.py DATA_DIR PICTURE.svg`."""

import sys
from pathlib import Path

from monitor.clock import utc_now
from monitor.console.known import farm_view
from monitor.console.lines import event_in_words
from monitor.console.picture import export_picture
from monitor.store.reader import LedgerReader

ENGINEERS = 3
READINGS_PER_SECOND_OF_A_TURBINE = 1.0


def main(data_dir: Path, picture: Path) -> None:
    """Draw the farm as the ledger has it now."""
    with LedgerReader.open(data_dir / "grid.db") as ledger:
        turbines = ledger.turbines()
        view = farm_view(
            utc_now(),
            turbines,
            ledger.incidents(open_only=True),
            ledger.visits(open_only=True),
            ledger.holds(),
            engineers=ENGINEERS,
            readings_per_second=len(turbines) * READINGS_PER_SECOND_OF_A_TURBINE,
        )
        recent = tuple((event.at, event_in_words(event)) for event in ledger.events(newest=20))
    picture.write_text(export_picture(view, recent), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
