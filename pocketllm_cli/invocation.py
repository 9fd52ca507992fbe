"""What was asked for on the command line beside the command itself."""


class Invocation:
    """The options that every command takes, filled in while the command line is parsed."""

    def __init__(self) -> None:
        self.as_json = False
        self.quiet = False
        self.debug = False
        self.no_pager = False
        self.context_name: str | None = None
        self.has_two_contexts = False
        """Whether the command works with two, so that an error must say which it is about."""
        self.has_cursor = True
        """False on a terminal that knows only lines (TERM=dumb)."""
        self.farewell: str | None = None
        """What to say if Ctrl-C ends the command now."""
