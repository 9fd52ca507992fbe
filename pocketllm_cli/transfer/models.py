"""Model configs, from one backend to another, and what becomes of their keys."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pocketllm_cli.api.model_configs import ModelConfigs
from pocketllm_cli.errors import Conflict, InvalidRequest, NotConfigured
from pocketllm_cli.models import ModelConfig
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.report import Report

_FIELDS: Final = (
    "name", "provider", "base_url", "model", "system_prompt", "temperature", "max_tokens",
    "top_p", "frequency_penalty", "presence_penalty",
)  # fmt: skip

AskKey = Callable[[ModelConfig], str | None]
"""Is asked for the key of a config, which may be refused (None)."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What came of handing keys over; configs are told by their names."""

    names: Collection[str] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    """Why a key was not handed over."""
    problem: str | None = None
    """Why none was."""


HandOver = Callable[[str, str], HandedOver]
"""Hands over the keys of one user's configs to those of the same name of the other one."""


async def move_models(
    source: ModelConfigs,
    target: ModelConfigs,
    places: Places,
    report: Report,
    ask_key: AskKey,
    *,
    is_dry: bool = False,
) -> None:
    """Bring over what is not there by its name; one that the target does not take is left.

    Args:
        is_dry: Only count them, and ask for no key.
    """
    there = {config.name: config for config in await target.all()}
    has_default = any(config.is_default for config in there.values())
    for config in await source.all():
        known = there.get(config.name)
        if known is None and is_dry:
            report.models += 1
            if config.has_key:
                report.keys_needed.append(config.name)
            continue
        if known is None:
            key = ask_key(config) if config.has_key else None
            fields: dict[str, Any] = {
                name: value for name in _FIELDS if (value := getattr(config, name)) is not None
            }
            fields["is_default"] = config.is_default and not has_default
            if key:
                fields["api_key"] = key
            try:
                known = await target.add(fields)
            except (InvalidRequest, NotConfigured, Conflict) as error:
                report.leave("model", config.name, error.message)
                continue
            report.models += 1
        else:
            report.already_there += 1
        places.models[config.id] = known.id
        if config.has_key and not known.has_key:
            report.keys_needed.append(config.name)


async def hand_over_keys(places: Places, report: Report, hand_over: HandOver) -> None:
    """Hand over the keys that are needed, and note those that could not be."""
    outcome = await asyncio.to_thread(hand_over, places.source_user, places.target_user)
    report.keys_handed_over = sorted(outcome.names)
    report.keys_needed = [name for name in report.keys_needed if name not in outcome.names]
    for name in report.keys_needed:
        if reason := outcome.problem or outcome.left.get(name):
            report.leave("key", name, reason)
