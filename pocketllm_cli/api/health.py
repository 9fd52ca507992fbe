"""How a backend is, service by service: what `pocketllm doctor` asks."""

from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pocketllm_cli.api.live_channel import ChannelLost, Watch, open_channel
from pocketllm_cli.api.replies import json_or_fail
from pocketllm_cli.api.sessions import Sessions
from pocketllm_cli.api.transport import Transport
from pocketllm_cli.api.wire import Call, Locator, Wire
from pocketllm_cli.errors import BackendUnreachable
from pocketllm_cli.models import SelfCheck

_CHATS: Final = Watch("chats")


@dataclass(frozen=True, slots=True)
class Health:
    """Asks each service something that costs nothing."""

    transport: Transport
    locator: Locator
    sessions: Sessions
    wire: Wire

    async def server_time(self) -> float | None:
        """Return what time it is at the backend, in seconds since 1970; None if it does not tell.

        Raises:
            PocketLLMError: Nobody answers there, or not our auth service.
        """
        endpoint = await self.locator.locate()
        response = await self._get(f"{endpoint.url}/auth/v1/health")
        json_or_fail(response)
        try:
            return parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    async def functions_version(self) -> str:
        """Return the version of the functions.

        Raises:
            PocketLLMError: They are not there.
        """
        endpoint = await self.locator.locate()
        answer = json_or_fail(await self._get(f"{endpoint.functions_url}/health"))
        return str(answer.get("version") if isinstance(answer, dict) else None)

    async def check_readiness(self) -> None:
        """Ask the functions whether their database is as they need it.

        Raises:
            BackendUnreachable: It is not; the message says what is missing.
        """
        endpoint = await self.locator.locate()
        json_or_fail(await self._get(f"{endpoint.functions_url}/readyz"))

    async def self_check(self) -> SelfCheck:
        """Return how the database is set.

        Raises:
            NotFound: It is older than this question.
        """
        rows = await self.wire.ask(Call("tables", "POST", "rpc/self_check", body={}))
        return SelfCheck.from_row(rows[0])

    async def count_workers(self) -> int:
        """Return how many workers were heard of within the last minute.

        Raises:
            NotFound: The database is older than this question.
        """
        return int(await self.wire.ask(Call("tables", "POST", "rpc/worker_check", body={})))

    async def listen(self) -> None:
        """Wait until Realtime says that it tells of changes.

        Raises:
            BackendUnreachable | BackendProblem: It does not.
        """
        endpoint, token = await self.locator.locate(), await self.sessions.access_token()
        try:
            async with open_channel(endpoint) as channel:
                await channel.join([_CHATS], token)
                async with aclosing(channel.changes()) as happened:
                    async for _ in happened:
                        return
        except ChannelLost as error:
            raise BackendUnreachable(f"Realtime does not answer: {error}.") from error

    async def _get(self, url: str) -> Any:
        endpoint = await self.locator.locate()
        headers = {"apikey": endpoint.publishable_key}
        request = self.transport.client.build_request("GET", url, headers=headers)
        return await self.transport.send(request)
