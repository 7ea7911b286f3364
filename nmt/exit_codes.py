"""What the exit codes of all command lines mean."""

DONE = 0
FAILED = 1  # by a fault of the program, a loss that is not finite, or a run of a study that failed
WRONG_INPUT = 2  # something to be set right by whoever typed the command
CONTINUE = 75  # asked to stop, or left by another process: the same command goes on from here
INTERRUPTED = 130  # Ctrl-C
READER_LEFT = 141  # whoever read the output (`| head`) wanted no more
