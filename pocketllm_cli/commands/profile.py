"""`pocketllm profile`: what you tell about yourself."""

from pathlib import Path
from typing import Annotated

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Profile
from pocketllm_cli.profile_fields import check_field

_EMPTY = "Your profile is empty. Fill it in: pocketllm profile edit --help"

app = noun("Tell about yourself.", "pocketllm profile", "pocketllm profile edit --name 'Ada L.'")


@app.callback()
def profile(ctx: typer.Context) -> None:
    """Tell about yourself."""
    if ctx.invoked_subcommand is None:
        show(ctx)


@verb(app, "show", "pocketllm profile show", "pocketllm profile show --json | jq -r .full_name")
def show(ctx: typer.Context) -> None:
    """Show your profile; nobody else sees it."""
    app = app_of(ctx)
    app.console.emit(app.run(lambda api: api.profiles.own()), _as_text)


@verb(
    app,
    "edit",
    "pocketllm profile edit --name 'Ada Lovelace' --born 1815-12-10",
    'pocketllm profile edit --bio ""',
)
def edit(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What you are called.")
    ] = None,
    username: Annotated[
        str | None, typer.Option("--username", metavar="NAME", help="Nobody else may have it.")
    ] = None,
    profession: Annotated[
        str | None, typer.Option("--profession", metavar="TEXT", help="What you do.")
    ] = None,
    born: Annotated[
        str | None, typer.Option("--born", metavar="DATE", help="Such as 2000-12-31.")
    ] = None,
    bio: Annotated[str | None, typer.Option("--bio", metavar="TEXT", help="About you.")] = None,
) -> None:
    """Change what is given and leave the rest; an empty text empties a field."""
    given = {
        "full_name": name,
        "username": username,
        "profession": profession,
        "date_of_birth": born,
        "bio": bio,
    }
    changes = {key: check_field(key, text) for key, text in given.items() if text is not None}
    if not changes:
        raise UsageProblem("There is nothing to change.", hint="See `pocketllm profile edit -h`.")
    app = app_of(ctx)
    app.console.emit(app.run(lambda api: api.profiles.edit(changes)), _as_text)


@verb(
    app,
    "avatar",
    "pocketllm profile avatar photo.jpg",
    "pocketllm profile avatar --remove",
)
def avatar(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A PNG, JPEG, WebP or GIF.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Have none any more.")] = False,
) -> None:
    """Make a picture yours; unlike the rest of your profile, everybody may see it.

    The square from its middle is taken, at most 512 pixels a side, without anything noted in it.
    """
    if (file is None) != remove:
        raise UsageProblem(
            "Give either a picture or `--remove`.",
            hint="Example: `pocketllm profile avatar me.png`.",
        )
    app = app_of(ctx)
    if file is None:
        app.console.emit(app.run(_remove_avatar), lambda profile, page: "You have no avatar now.")
        return
    from pocketllm_cli.commands.image_input import picture_of  # brings in Pillow

    picture = picture_of(file)
    profile = app.run(lambda api: api.avatars.put(picture.source))
    app.console.emit(profile, lambda profile, page: "This is your avatar now.")


async def _remove_avatar(api: Api) -> Profile:
    return await api.avatars.remove((await api.account()).id)


def _as_text(profile: Profile, page: Page) -> str:
    fields = [
        ("name", profile.full_name),
        ("user name", profile.username),
        ("profession", profile.profession),
        ("born", profile.date_of_birth),
        ("bio", profile.bio),
        ("avatar", profile.avatar_url),
    ]
    return page.fields(fields) or _EMPTY
