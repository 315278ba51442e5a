"""What the programs in grading/ say when they cannot do what was asked."""

import errno
import os
import signal
import sys

# What the system says without a file's name: the disk is full, or the current folder gone.
NAMELESS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOENT)
MOMENT = 0.01  # seconds, after which it is said again that we shall end


class UsageError(Exception):
    """Bad input: one line that says what is wrong and what to do. Exit code 2.

    Names of files may be in it, and those may hold anything but NUL and "/".
    """

    def __init__(self, text):
        super().__init__(one_line(str(text)))


def one_line(text):
    """The text without what breaks a line or steers a terminal, which is shown by number."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}"
                   for letter in text)


def say_again(lost):
    """What ends us can be raised where Python only prints and forgets it: while it collects
    garbage, or forks. A moment later it is raised once more."""
    if not isinstance(lost.exc_value, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(lost)
        return
    what, with_these = lost.exc_type, lost.exc_value.args

    def ring(number, frame):
        raise what(*with_these)
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, MOMENT)


def run_main(main):
    """Calls main(); a UsageError becomes one line on stderr and exit code 2.

    SIGTERM unwinds like Ctrl-C, so that what was started is ended too; so does the end of
    the terminal, unless it was to be survived (nohup).
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):  # of a terminal that has not all letters
        stream.reconfigure(errors="backslashreplace")
    for ends in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ends) != signal.SIG_IGN or ends == signal.SIGTERM:
            signal.signal(ends, lambda number, frame: sys.exit(128 + number))
    sys.unraisablehook = say_again
    try:
        code = main()
        sys.stdout.flush()
    except UsageError as error:
        print(error, file=sys.stderr)
        code = 2
    except BrokenPipeError:
        os._exit(1)
    except OSError as error:  # a file that somebody named, or a disk that is full
        if not error.filename and error.errno not in NAMELESS:
            raise
        print(one_line(f"{error.filename or 'stopped'}: {error.strerror}"), file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except SystemExit as end:
        code = end.code or 0
        sys.stdout.flush()
    os._exit(code)  # at once: there is nothing to tidy up, and Python takes its time to
