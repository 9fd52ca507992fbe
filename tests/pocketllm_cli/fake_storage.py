"""The part of Storage that the terminal app needs, over a dictionary."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

STORED_AT = "2026-01-01T00:00:00+00:00"


@dataclass
class FakeStorage:
    """Objects by path, each with its content type."""

    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    most_bytes: int = 50_000_000

    def answer(self, method: str, path: str, kind: str, body: bytes, json: Any) -> tuple[int, Any]:
        """Return the status and what is answered: bytes, or what becomes JSON."""
        deed, _, rest = path.partition("/user_assets")
        name = unquote(rest.lstrip("/"))
        if deed == "object/list-v2":
            return 200, {"hasNext": False, "objects": self._below(json["prefix"])}
        if deed == "object/sign":
            return 200, {"signedURL": f"/object/sign/user_assets/{name}?token=signed"}
        if method == "DELETE":
            gone = [each for each in json["prefixes"] if self.objects.pop(each, None)]
            return 200, [{"name": each} for each in gone]
        if method == "POST" and len(body) > self.most_bytes:
            told = "The object exceeded the maximum allowed size"
            return 400, {"statusCode": "413", "error": "Payload too large", "message": told}
        if method == "POST" and name in self.objects:
            return 400, {"statusCode": "409", "error": "Duplicate", "message": "It is there."}
        if method == "POST":
            self.objects[name] = kind, body
            return 200, {"Key": f"user_assets/{name}"}
        if name not in self.objects:
            return 400, {"statusCode": "404", "error": "not_found", "message": "Object not found"}
        return 200, self.objects[name][1]

    def _below(self, prefix: str) -> list[dict[str, Any]]:
        found = sorted(name for name in self.objects if name.startswith(prefix))
        return [
            {
                "name": name,
                "updated_at": STORED_AT,
                "metadata": {"size": len(data), "mimetype": kind},
            }
            for name in found
            for kind, data in [self.objects[name]]
        ]
