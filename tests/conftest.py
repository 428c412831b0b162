"""What all tests share."""

import signal

# a shell that starts us in the background has Ctrl-C ignored, and each program under test would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)
