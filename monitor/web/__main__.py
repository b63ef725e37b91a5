"""The process of the pages as the monitor starts it: `serve` without what reads options and settings, 5 MB less."""

import os
import sys

from grid.errors import CommandError, ExitCode, SettingsError
from monitor.site_settings import SiteSettings
from monitor.web.server import serve

NICENESS = 10
"""Where a machine has too few cores for both, the intake goes before pages and questions."""


def main() -> ExitCode:
    """Serve what the only argument says, until standard input closes. What keeps it from that is one line."""
    os.nice(NICENESS)
    try:
        return serve(SiteSettings.from_json(sys.argv[1]), until_stdin_closes=True, as_json=True)
    except SettingsError as error:
        sentence, code = str(error), ExitCode.WRONG_USAGE
    except CommandError as error:
        sentence, code = str(error), error.code
    sys.stderr.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
