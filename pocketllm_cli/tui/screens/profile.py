"""The profile: what a person tells about themselves."""

from datetime import date

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.columns import Page
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Profile
from pocketllm_cli.sanitize import clean_text
from pocketllm_cli.tui.config_fields import FieldProblem
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import ProfileRead
from pocketllm_cli.tui.screens.lines_form import Line, LinesForm, Values
from pocketllm_cli.tui.screens.place import PlaceScreen

_MOST = 200
_FIRST_YEAR = 1800
_MOST_USER_NAME = 60
_MOST_BIO = 4_000


class ProfileScreen(PlaceScreen):
    """Shows the profile, and changes it in a form."""

    BINDINGS = [bind("profile.edit", "edit")]
    HEADING = "Profile"
    WAITING = "Reading your profile …"

    page = getters.query_one("#page", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts, deed)
        self._profile: Profile | None = None

    def compose_content(self) -> ComposeResult:
        yield Static(id="page", markup=False)

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Read it."""
        try:
            profile = await self.parts.api.profiles.own()
        except PocketLLMError as error:
            self.failed("read your profile", error)
        else:
            self.post_message(ProfileRead(profile))

    @on(ProfileRead)
    def _show(self, event: ProfileRead) -> None:
        profile = self._profile = event.profile
        fields = [
            ("Name", profile.full_name),
            ("User name", profile.username),
            ("Profession", profile.profession),
            ("Born", profile.date_of_birth),
        ]
        if not any((profile.bio, *(value for _, value in fields))):
            self.say(f"Your profile is empty. Press {self.key('profile.edit')} to fill it in.")
            self.begin_deed()
            return
        text = Page(None).fields([(name, value or "-") for name, value in fields])
        if profile.bio:
            text += f"\n\n{clean_text(profile.bio)}"
        self.page.update(Content(text))
        self.show_content()

    @work(group="form", exclusive=True)
    async def action_edit(self) -> None:
        """Show a form, and store what is changed."""
        if (profile := self._profile) is None:
            return
        lines = [
            Line("full_name", "Name", _line, profile.full_name or ""),
            Line("username", "User name", _user_name, profile.username or ""),
            Line("profession", "Profession", _line, profile.profession or ""),
            Line("date_of_birth", "Born", _day, profile.date_of_birth or "", "2000-12-31"),
            Line("bio", "About you", _bio, profile.bio or "", is_long=True),
        ]
        if await self.app.push_screen_wait(LinesForm("Edit your profile", lines, self._store)):
            self.load()

    async def _store(self, values: Values) -> None:
        changes = {
            name: value for name, value in values.items() if value != getattr(self._profile, name)
        }
        if changes:
            await self.parts.api.profiles.edit(changes)


def _line(text: str) -> str | None:
    if len(text) > _MOST:
        raise FieldProblem(f"At most {_MOST} characters.")
    return text.strip() or None


def _user_name(text: str) -> str | None:
    if len(text.strip()) > _MOST_USER_NAME:
        raise FieldProblem(f"At most {_MOST_USER_NAME} characters.")
    return text.strip() or None


def _bio(text: str) -> str | None:
    if len(text) > _MOST_BIO:
        raise FieldProblem(f"At most {_MOST_BIO:,} characters.")
    return text.strip() or None


def _day(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
        if day.year < _FIRST_YEAR:
            raise ValueError
        return day.isoformat()
    except ValueError:
        raise FieldProblem("A date such as 2000-12-31.") from None
