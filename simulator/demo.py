"""`make demo`: a night of Ampshift on a simulated house, three evenings of its week, then the daemon at two Wall Connectors, in less than
two minutes, with nothing left behind but a picture.

The listening to signals begins before anything heavy is imported, so that Ctrl-C ends it without a traceback at any moment.
"""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from pathlib import Path

from .demo_child import Stop

PICTURE = Path("demo-night.png")


def main() -> int:
    stop = Stop()
    stop.listen()
    parser = argparse.ArgumentParser(
        prog="simulator.demo", description="One night of Ampshift on a simulated house, and half a minute of its daemon."
    )
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="FILE", help=f"where the picture goes (default: {PICTURE})")
    parser.add_argument("--only", choices=("night", "week", "wires"), help="one part: the night, three evenings of the week, or the daemon")
    options = parser.parse_args()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without block characters shows marks instead
    from .demo_show import show

    try:
        return show(stop, options.picture.absolute(), options.only)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: nothing more to say
        return 0


if __name__ == "__main__":
    sys.exit(main())
