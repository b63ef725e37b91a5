"""Where the turbines' text files are, by name."""

import re
from pathlib import Path

TEXT_FILES = "turbines"
"""Their folder, in the data folder."""

_FILE_NAME = re.compile(r"turbine-([1-9][0-9]{0,9})\.txt")


def text_file_name(turbine_number: int) -> str:
    """What a turbine's text file is called. The number is an int, so that no name from outside gets into a path."""
    return f"turbine-{int(turbine_number)}.txt"


def pruned_file_name(turbine_number: int) -> str:
    """What a turbine's text file without its pruned lines is called until it takes the old one's place."""
    return f"{text_file_name(turbine_number)}.pruned"


def turbines_with_text_files(folder: Path) -> list[int]:
    """Numbers of the turbines that have a text file in this folder, in order; none if there is no folder."""
    if not folder.is_dir():
        return []
    found = (_FILE_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)
