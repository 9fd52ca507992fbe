"""How the app goes from the chat to its other screens and back, and how it begins anew."""

from textual import on

from pocketllm_cli.tui.following_jobs import JobFollowingApp
from pocketllm_cli.tui.messages import (
    ConfigsChanged,
    FileChosen,
    ModelChosen,
    Moved,
    PassedOn,
    PlaceWanted,
    ReopenWanted,
    SignedIn,
    SignInWanted,
)
from pocketllm_cli.tui.places import make_place
from pocketllm_cli.tui.screens.app_screen import AppScreen, told
from pocketllm_cli.tui.screens.press_key import PressKey


class NavigatingApp(JobFollowingApp):
    """Has the chat at the bottom and at most one place above it; ends with a wish to begin anew."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key of the app do anything while a key is asked for."""
        if isinstance(self.screen, PressKey):
            return False
        return super().check_action(action, parameters)

    def action_open(self, name: str) -> None:
        """Show a place."""
        self.open_place(PlaceWanted(name))

    @on(PlaceWanted)
    def open_place(self, event: PlaceWanted) -> None:
        """Show a place above the chat, in place of another one."""
        if not isinstance(self.screen, AppScreen):
            return  # a question is open; it goes first
        from pocketllm_cli.tui.screens.place import PlaceScreen

        place = make_place(event.name, self.parts, event.deed)
        if isinstance(self.screen, PlaceScreen):
            self.switch_screen(place)
        else:
            self.push_screen(place)

    @on(SignInWanted)
    def sign_in(self, event: SignInWanted) -> None:
        """Show where one signs in, above everything, once."""
        if self.parts.api.sessions.fixed_token:  # whoever signs in would not be asked
            if event.reason is not None:
                self.notify(told(event.reason), severity="error", markup=False)
            return
        from pocketllm_cli.tui.screens.sign_in import SignInScreen

        if not any(isinstance(screen, SignInScreen) for screen in self.screen_stack):
            self.push_screen(SignInScreen(self.parts, event.reason))

    @on(ModelChosen)
    def go_back_with_model(self, event: ModelChosen) -> None:
        """Take a model to the chat."""
        self.pop_screen()
        self.screen_stack[0].post_message(ModelChosen(event.config))

    @on(FileChosen)
    def go_back_with_file(self, event: FileChosen) -> None:
        """Take a file to the prompt that is being written."""
        self.pop_screen()
        self.screen_stack[0].post_message(FileChosen(event.file))

    @on(Moved)
    def pass_on(self, event: Moved) -> None:
        """Tell the screens above the chat, which alone listens, what it heard."""
        for screen in self.screen_stack[1:]:
            screen.post_message(PassedOn(event.change))

    @on(ConfigsChanged)
    def tell_chat_of_configs(self) -> None:
        """Tell the chat, which lies under the place."""
        self.screen_stack[0].post_message(ConfigsChanged())

    @on(SignedIn)
    def tell_chat_of_account(self) -> None:
        """Tell the chat that it can go on."""
        self.screen_stack[0].post_message(SignedIn())

    @on(ReopenWanted)
    async def leave(self, event: ReopenWanted | None) -> None:
        """End once every screen has brought its things in order."""
        for screen in self.screen_stack:
            if isinstance(screen, AppScreen):
                await screen.prepare_to_leave()
        self.exit(event)
