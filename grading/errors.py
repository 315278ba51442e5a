"""What the programs in grading/ say when they cannot do what was asked."""

import os
import signal
import sys


class UsageError(Exception):
    """Bad input: one line that says what is wrong and what to do. Exit code 2."""


def run_main(main):
    """Calls main(); a UsageError becomes one line on stderr and exit code 2.

    SIGTERM unwinds like Ctrl-C, so that what was started is ended too.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        code = main()
    except UsageError as error:
        print(error, file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except SystemExit as end:
        code = end.code or 0
    except BrokenPipeError:
        os._exit(1)
    sys.stdout.flush()
    os._exit(code)  # at once: there is nothing to tidy up, and Python takes its time to
