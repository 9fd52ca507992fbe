"""The model that needs no key: llama.cpp's own server, inside this process, on loopback."""

from pathlib import Path

from backend_functions.settings import LocalModel

NAME = "SmolLM2-135M-Instruct"
SYSTEM_PROMPT = "You are a helpful assistant. Answer in one short sentence."
TEMPERATURE = 0.1
TOP_P = 0.9
"""With these it names the capital of France each time of 150; with the schema's defaults 3 of 8.
At 0.2 it drew another word once in some hundred times."""

MAX_TOKENS = 300
"""So small a model may repeat itself without end; its answers are short when they are good."""

_CONTEXT_TOKENS = 8192
"""Shared by the answers that are written at the same time."""
_PARALLEL = 4


class ModelFailed(Exception):
    """The weights could not be loaded."""


class RunningModel:
    """A loaded model and its server; both live as long as this object."""

    def __init__(self, weights: Path, *, api_key: str) -> None:
        """Load the weights; takes about half a second, during which no other thread runs.

        Raises:
            ModelFailed: The file is no model that llama.cpp can run.
        """
        import xllamacpp  # 100 MB of code that a backend without a local model never needs

        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.model_alias = {NAME}
        params.n_ctx = _CONTEXT_TOKENS
        params.n_parallel = _PARALLEL
        params.kv_unified = True
        params.warmup = False
        params.fit_params = False  # measuring the memory of a model this small costs 0.8 s
        params.verbosity = -1
        params.api_keys = [api_key]
        params.port = 0
        params.ui = False
        params.endpoint_slots = False
        try:
            self._server = xllamacpp.Server(params)
        except Exception as error:  # the binding raises what its C++ throws
            raise ModelFailed(f"The local model could not be loaded: {error}") from error
        address = self._server.listening_address
        self.model = LocalModel(NAME, f"{address}/v1", api_key, _CONTEXT_TOKENS // 2)
