"""What the programs in grading/ say when they cannot do what was asked."""

import sys


class UsageError(Exception):
    """Bad input: one line that says what is wrong and what to do. Exit code 2."""


def run_main(main):
    """Calls main(); a UsageError becomes one line on stderr and exit code 2."""
    try:
        code = main()
    except UsageError as error:
        print(error, file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    sys.exit(code)
