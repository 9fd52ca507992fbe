"""Model configs as people read them."""

from dataclasses import asdict

from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.models import CatalogModel, ModelConfig, ModelTest
from pocketllm_cli.sanitize import clean_line

_NO_MODELS = (
    "No model configs yet. Add one: "
    "pocketllm models add NAME --provider openai --model gpt-4.1-mini --default"
)


def list_as_text(configs: list[ModelConfig], page: Page) -> str:
    """Return the configs as a table; a star marks the default."""
    if not configs:
        return _NO_MODELS
    rows = [
        (
            "*" if config.is_default else " ",
            config.name,
            config.provider,
            config.model,
            "yes" if config.has_key else "no",
        )
        for config in configs
    ]
    return page.table((" ", "NAME", "PROVIDER", "MODEL", "KEY"), rows)


def config_as_text(config: ModelConfig, page: Page) -> str:
    """Return every field of a config."""
    fields = asdict(config)
    for name in ("is_default", "has_key"):
        fields[name] = "yes" if fields[name] else "no"
    for name in ("created_at", "updated_at"):
        fields[name] = local_time(fields[name])
    return page.fields([(name.replace("_", " "), value) for name, value in fields.items()])


def edited_as_text(config: ModelConfig, page: Page) -> str:
    """Return what was changed."""
    return f"Changed {clean_line(config.name)}."


def catalog_as_text(models: list[CatalogModel], page: Page) -> str:
    """Return the models that a provider offers, with their windows."""
    if not models:
        return "The provider offers no models for this key."
    rows = [(m.id, f"{m.context_tokens:,}" if m.context_tokens else None) for m in models]
    return page.table(("ID", "CONTEXT"), rows, numbers={"CONTEXT"})


def test_as_text(result: ModelTest, page: Page) -> str:
    """Return in one line whether a config works, and how fast."""
    times = (
        f"first token after {result.first_token_seconds:.2f} s, "
        f"all after {result.total_seconds:.2f} s"
    )
    if result.retries:
        times += f", after {result.retries} more {'try' if result.retries == 1 else 'tries'}"
    return f"{clean_line(result.model)} works: {times}. It said: {clean_line(result.answer)}"
