"""A cursor over the text of one query parameter; it only moves forward."""

import re

from backend_functions.gateway.rest.errors import RestError, unreadable
from backend_functions.gateway.rest.tree import Field, Step

_NAME = re.compile(r"[\w $]+(?:-(?!>)[\w $]+)*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ARROW = re.compile(r"->>?")
_INDEX = re.compile(r"-?\d{1,9}(?=->|::|[.,)]|\Z)")
_KEY = re.compile(r"[^(\-:.,>)\"]+(?:-(?!>)[^(\-:.,>)\"]+)*")


class Reader:
    """Reads one text and says where it broke."""

    def __init__(self, what: str, text: str) -> None:
        self.what = what
        self.text = text
        self.position = 0

    def fail(self, expected: str) -> RestError:
        """Return the error for the place the cursor stands at."""
        found = self.text[self.position : self.position + 1]
        found = f'unexpected "{found}"' if found else "unexpected end of input"
        return unreadable(self.what, self.text, self.position, f"{found} expecting {expected}")

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self.position >= len(self.text)

    def peek(self, text: str) -> bool:
        """Say whether `text` comes next."""
        return self.text.startswith(text, self.position)

    def take(self, text: str) -> bool:
        """Pass over `text` if it comes next."""
        if self.peek(text):
            self.position += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        """Pass over `text`, which must come next."""
        if not self.take(text):
            raise self.fail(f'"{text}"')

    def expect_end(self) -> None:
        """Refuse anything that is left."""
        if not self.at_end:
            raise self.fail("end of input")

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Pass over what `pattern` matches here and return it."""
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found[0]

    def quoted(self) -> str | None:
        """Read a text in double quotes, in which a backslash takes the next character as it is."""
        found = self.match(_QUOTED)
        return None if found is None else _ESCAPED.sub(r"\1", found[1:-1])

    def name(self) -> str:
        """Read the name of a column or a table, quoted or not."""
        name = self.quoted()
        if name is None:
            name = self.match(_NAME)
        if not name or not name.strip():
            raise self.fail("a name")
        return name

    def field(self) -> Field:
        """Read a column and the way into its JSON."""
        return Field(self.name().strip(), self.steps())

    def steps(self) -> tuple[Step, ...]:
        """Read `->key`, `->>key` and `->0`, as many as there are."""
        steps = []
        while arrow := self.match(_ARROW):
            steps.append(Step(self._step_key(), as_text=arrow == "->>"))
        return tuple(steps)

    def _step_key(self) -> str | int:
        index = self.match(_INDEX)
        if index is not None:
            return int(index)
        key = self.quoted()
        if key is None:
            key = self.match(_KEY)
        if key is None:
            raise self.fail("a JSON key or index")
        return key
