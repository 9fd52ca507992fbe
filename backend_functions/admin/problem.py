"""Why an operator's command was not carried out."""


class AdminProblem(Exception):
    """What stands in the way, in a sentence that holds no secret."""

    def __init__(self, message: str, **facts: int | str) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts
        """What a script may want to know beside the sentence."""
