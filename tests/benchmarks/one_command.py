"""The yardstick for start-up: a Typer app of one command."""

from typing import Annotated

import typer

app = typer.Typer()


def _show_version(wanted: bool) -> None:
    if wanted:
        print("1.0")
        raise typer.Exit


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="Whom to greet.")] = "you",
    version: Annotated[bool, typer.Option("--version", callback=_show_version)] = False,
) -> None:
    """Greet somebody."""
    print(f"Hello {name}")


if __name__ == "__main__":
    app()
