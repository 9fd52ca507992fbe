"""What `pocketllm backend start` runs serves every flow of the product to unmodified clients."""

import asyncio

import pytest

from tests.contract import test_flows
from tests.contract.flow_runs import CLIENTS, go_through
from tests.support.home import Home

EXPECTED = {name: check for name, check in vars(test_flows).items() if name.startswith("test_")}


@pytest.mark.parametrize("client", CLIENTS)
def test_every_flow_ends_as_it_does_against_the_gateway_alone(home: Home, client: str) -> None:
    lines = home.run("backend", "env").text.splitlines()
    environment = dict(line.split("=", 1) for line in lines)

    steps = asyncio.run(
        go_through(
            client,
            {
                "SUPABASE_URL": environment["SUPABASE_URL"],
                "SUPABASE_PUBLISHABLE_KEY": environment["SUPABASE_ANON_KEY"],
                "MAIL_FOLDER": str(home.backend_folder / "mail"),
            },
        )
    )

    assert EXPECTED
    for check in EXPECTED.values():
        check(steps)
