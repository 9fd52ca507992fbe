"""`pocketllm models`: model configs, and keys that go to the backend and never come back."""

from typing import Annotated, Any

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.model_pages import (
    catalog_as_text,
    config_as_text,
    edited_as_text,
    list_as_text,
    test_as_text,
)
from pocketllm_cli.commands.suggestions import model_names, suggest_models
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import CatalogModel, ModelConfig, ModelTest
from pocketllm_cli.piped_text import read_piped_text
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.settings import read_variable

_LOCAL = "local"  # the provider that needs no key
_PROVIDERS = (
    "openai, anthropic, gemini, groq, openrouter, mistral, deepseek, together, xai, ollama, "
    "lmstudio, llamacpp, vllm, openai-compatible (with --base-url), local."
)

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The model config's name.", autocompletion=suggest_models),
]
NewNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
BaseUrlOption = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Else the provider's usual one.")
]
SystemPromptOption = Annotated[
    str | None, typer.Option("--system-prompt", metavar="TEXT", help="Goes before every chat.")
]
TemperatureOption = Annotated[float | None, typer.Option("--temperature", min=0, max=2)]
MaxTokensOption = Annotated[
    int | None, typer.Option("--max-tokens", min=1, help="The longest answer.")
]
TopPOption = Annotated[float | None, typer.Option("--top-p", min=0, max=1)]
FrequencyOption = Annotated[float | None, typer.Option("--frequency-penalty", min=-2, max=2)]
PresenceOption = Annotated[float | None, typer.Option("--presence-penalty", min=-2, max=2)]
DefaultOption = Annotated[bool, typer.Option("--default", help="Use it for new chats.")]
KeyStdinOption = Annotated[bool, typer.Option("--key-stdin", help="Read the API key from stdin.")]
KeyEnvOption = Annotated[
    str | None,
    typer.Option("--key-env", metavar="VAR", help="Take the API key from this variable."),
]

app = noun(
    "Work with your model configs.",
    "pocketllm models",
    "pocketllm models add gpt --provider openai --model gpt-4.1-mini --key-env OPENAI_API_KEY",
)


@app.callback()
def models(ctx: typer.Context) -> None:
    """Work with your model configs."""
    if ctx.invoked_subcommand is None:
        list_models(ctx)


@verb(app, "list", "pocketllm models list", "pocketllm models list --json")
def list_models(ctx: typer.Context) -> None:
    """List your model configs; a star marks the default."""
    app = app_of(ctx)
    configs = app.run(lambda api: api.model_configs.all())
    app.remembered.put("models", model_names(configs))
    app.console.emit(configs, list_as_text)


@verb(app, "show", "pocketllm models show local")
def show(ctx: typer.Context, name: NameArgument) -> None:
    """Show one model config."""
    app = app_of(ctx)
    app.console.emit(app.run(lambda api: api.model_configs.find(name)), config_as_text)


@verb(
    app,
    "add",
    "pocketllm models add gpt --provider openai --model gpt-4.1-mini --key-env OPENAI_API_KEY",
    "pass show claude | pocketllm models add claude --provider anthropic \\\n"
    "      --model claude-sonnet-4-5 --key-stdin --default",
)
def add(
    ctx: typer.Context,
    name: NewNameArgument,
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help=_PROVIDERS)],
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="Its name there.")],
    base_url: BaseUrlOption = None,
    system_prompt: SystemPromptOption = None,
    temperature: TemperatureOption = None,
    max_tokens: MaxTokensOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = None,
    presence_penalty: PresenceOption = None,
    default: DefaultOption = False,
    key_stdin: KeyStdinOption = False,
    key_env: KeyEnvOption = None,
) -> None:
    """Add a model config.

    The API key is read from stdin, from a variable, or asked for on a terminal; never from an
    argument, where others could see it. It is sealed at the backend and never shown again.
    """
    app = app_of(ctx)
    fields = {
        "name": name,
        "provider": provider,
        "model": model,
        "base_url": base_url,
        "system_prompt": system_prompt,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "top_p": top_p,
        "frequency_penalty": frequency_penalty,
        "presence_penalty": presence_penalty,
        "is_default": default or None,
        "api_key": _read_key(app, key_stdin, key_env, ask=provider != _LOCAL),
    }
    added = app.run(lambda api: api.model_configs.add(_given(fields)))
    app.remembered.add("models", *model_names([added]))
    if not added.has_key and provider != _LOCAL:
        app.console.narrate(
            f"{clean_line(name)} has no key. If its provider asks for one, give it with "
            f"`pocketllm models edit {clean_line(name)} --key-stdin`."
        )
    use = {"imagerouter": 'images create "a red balloon"', "tavily": 'ask --web "What is new?"'}
    try_it = f"Try it: pocketllm {use.get(provider, f'models test {clean_line(name)}')}"
    app.console.emit(added, lambda config, page: f"Added {clean_line(config.name)}. {try_it}")


@verb(
    app,
    "edit",
    "pocketllm models edit gpt --temperature 0.2",
    "pocketllm models edit gpt --name work",
    "pass show openai | pocketllm models edit gpt --key-stdin",
)
def edit(
    ctx: typer.Context,
    name: NameArgument,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help=_PROVIDERS)
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Its name there.")
    ] = None,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="Another name for the config.")
    ] = None,
    base_url: BaseUrlOption = None,
    system_prompt: SystemPromptOption = None,
    temperature: TemperatureOption = None,
    max_tokens: MaxTokensOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = None,
    presence_penalty: PresenceOption = None,
    default: DefaultOption = False,
    key_stdin: KeyStdinOption = False,
    key_env: KeyEnvOption = None,
) -> None:
    """Change what is given and leave the rest; with nothing given, ask for a new key."""
    app = app_of(ctx)
    changes = _given(
        {
            "name": new_name,
            "provider": provider,
            "model": model,
            "base_url": base_url,
            "system_prompt": system_prompt,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "top_p": top_p,
            "frequency_penalty": frequency_penalty,
            "presence_penalty": presence_penalty,
            "is_default": default or None,
        }
    )
    if key := _read_key(app, key_stdin, key_env, ask=not changes):
        changes["api_key"] = key
    if not changes:
        raise UsageProblem("There is nothing to change.", hint="See `pocketllm models edit -h`.")
    app.console.emit(_edit(app, name, changes), edited_as_text)


@verb(app, "default", "pocketllm models default gpt")
def set_default(ctx: typer.Context, name: NameArgument) -> None:
    """Use a model config for new chats."""
    app = app_of(ctx)
    config = _edit(app, name, {"is_default": True})
    app.console.emit(config, lambda config, page: f"New chats use {clean_line(config.name)}.")


@verb(app, "test", "pocketllm models test local")
def test(ctx: typer.Context, name: NameArgument) -> None:
    """Ask a model something short: does it work, and how fast?"""

    async def work(api: Api) -> ModelTest:
        return await api.model_configs.test(await api.model_configs.find(name))

    app = app_of(ctx)
    app.console.emit(app.run(work), test_as_text)


@verb(app, "catalog", "pocketllm models catalog gpt", "pocketllm models catalog gpt --json")
def catalog(ctx: typer.Context, name: NameArgument) -> None:
    """List the models that a config's provider offers for its key."""

    async def work(api: Api) -> list[CatalogModel]:
        return await api.model_configs.catalog(await api.model_configs.find(name))

    app = app_of(ctx)
    app.console.emit(app.run(work), catalog_as_text)


@verb(app, "remove", "pocketllm models remove gpt --yes")
def remove(
    ctx: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a model config and its key; chats that used it are kept."""
    app = app_of(ctx)
    if not yes and not app.console.can_ask:
        raise UsageProblem("Removing needs a confirmation.", hint="Confirm with `--yes`.")
    config = app.run(lambda api: api.model_configs.find(name))
    if not app.console.confirm(f"Remove {clean_line(name)} and its key?", yes=yes):
        app.console.say("Nothing was removed.")
        return
    app.run(lambda api: api.model_configs.remove(config))
    app.remembered.drop("models", config.name)
    app.console.emit(config, lambda config, page: f"Removed {clean_line(config.name)}.")


def _edit(app: App, name: str, changes: dict[str, Any]) -> ModelConfig:
    async def work(api: Api) -> ModelConfig:
        return await api.model_configs.edit(await api.model_configs.find(name), changes)

    edited = app.run(work)
    app.remembered.drop("models", name)
    app.remembered.add("models", *model_names([edited]))
    return edited


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _read_key(app: App, from_stdin: bool, variable: str | None, *, ask: bool) -> str | None:
    """Return the API key from where it was said to be; None where there is none."""
    if from_stdin and variable:
        raise UsageProblem("Give either --key-stdin or --key-env, not both.")
    if from_stdin:
        key = (read_piped_text(app.console.narrate) or "").strip()
        if not key:
            raise UsageProblem("There is no key on stdin.", hint="Pipe it in.")
        return key
    if variable:
        key = (read_variable(variable) or "").strip()
        if not key:
            raise UsageProblem(f"The variable {variable} is not set.", hint="Export it first.")
        return key
    if ask and app.console.can_ask:
        return app.console.ask_secret("API key (empty for none):").strip() or None
    return None
