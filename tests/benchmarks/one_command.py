"""The yardstick for start-up: a Typer app of one command, whose only parameter is a flag."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        print("1.0")
        raise typer.Exit


@app.command()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_show_version)] = False,
) -> None:
    """Greet."""
    print("Hello")


if __name__ == "__main__":
    app()
