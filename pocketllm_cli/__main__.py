"""`python -m pocketllm_cli` is the same as `pocketllm`."""

from pocketllm_cli.cli import main

main()
