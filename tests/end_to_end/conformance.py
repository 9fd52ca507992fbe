"""The table that every command is held to: how it is called, and what it needs."""

from dataclasses import dataclass
from typing import Final, Literal

Needs = Literal["session", "backend", "nothing"]
"""A signed-in person; a backend, but nobody signed in; neither."""

NOBODY: Final = "7d444840-9dc0-11d1-b245-5ffdce74fad2"


@dataclass(frozen=True, slots=True)
class Row:
    """How one command behaves.

    In arguments, `{chat}`, `{message}`, `{model}`, `{user}`, `{job}`, `{picture}`, `{png}` and
    `{file}` stand for what there is.
    """

    words: tuple[str, ...]
    given: tuple[str, ...] | None = ()
    """Arguments with which it succeeds; None where that is tried elsewhere."""
    needs: Needs = "session"
    is_json: bool = True
    """Whether `--json` prints JSON on stdout when it succeeds."""
    missing: tuple[str, ...] | None = None
    """Arguments that name something which is not there."""
    is_prefix: bool = False
    """Whether it takes the beginning of an id."""
    destroys: tuple[str, ...] | None = None
    """Arguments with which it asks first, and needs `--yes` where nobody can be asked."""
    other: tuple[str, ...] = ()
    """Arguments with which it asks the backend, where none of the above are given."""

    @property
    def asking(self) -> tuple[str, ...]:
        """Arguments with which it asks the backend something."""
        return self.given if self.given is not None else self.missing or self.other


TABLE: Final = (
    Row(("ask",), ("-m", "{model}", "hi"), missing=("-m", "nope", "hi")),
    Row(("chats",)),
    Row(("chats", "list")),
    Row(("chats", "show"), ("{chat}",), missing=(NOBODY,), is_prefix=True),
    Row(("chats", "new"), ("a title",)),
    Row(("chats", "rename"), ("{chat}", "title"), missing=(NOBODY, "title")),
    Row(("chats", "search"), ("hello",)),
    Row(("chats", "follow"), None, missing=(NOBODY,), is_prefix=True),
    Row(("chats", "fork"), ("{chat}",), missing=(NOBODY,), is_prefix=True),
    Row(("chats", "archive"), ("{chat}",), missing=(NOBODY,), is_prefix=True),
    Row(("chats", "unarchive"), ("{chat}",), missing=(NOBODY,), is_prefix=True),
    Row(("chats", "delete"), None, missing=(NOBODY, "--yes"), destroys=("{chat}",)),
    Row(("chats", "restore"), missing=(NOBODY,)),
    Row(("chats", "export"), ("{chat}",), is_json=False, missing=(NOBODY,), is_prefix=True),
    Row(("chats", "import"), ("{file}",)),
    Row(("chats", "versions"), ("{chat}",), missing=(NOBODY,), is_prefix=True),
    Row(("chats", "use-version"), None, missing=("ffffffff", "--chat", "{chat}")),
    Row(("models",)),
    Row(("models", "list")),
    Row(("models", "show"), ("{model}",), missing=("nope",)),
    Row(("models", "add"), None, other=("x", "--provider", "local", "--model", "m")),
    Row(("models", "edit"), ("{model}", "--temperature", "0.5"), missing=("nope", "--top-p", "1")),
    Row(("models", "default"), None, missing=("nope",)),
    Row(("models", "test"), ("{model}",), missing=("nope",)),
    Row(("models", "catalog"), None, missing=("nope",)),
    Row(("models", "remove"), None, missing=("nope", "--yes"), destroys=("{model}",)),
    Row(("images",)),
    Row(("images", "create"), ("-m", "test/test", "a red balloon")),
    Row(("images", "list")),
    Row(("images", "show"), ("{job}",), missing=(NOBODY,), is_prefix=True),
    Row(("images", "save"), ("{job}", "{png}", "--force"), missing=(NOBODY, "{png}", "--force")),
    Row(("images", "link"), ("{job}",), missing=(NOBODY,), is_prefix=True),
    Row(("images", "remove"), None, missing=(NOBODY, "--yes"), destroys=("{job}",)),
    Row(("jobs",)),
    Row(("jobs", "list")),
    Row(("jobs", "show"), ("{job}",), missing=(NOBODY,), is_prefix=True),
    Row(("jobs", "wait"), ("{job}",), missing=(NOBODY,), is_prefix=True),
    Row(("jobs", "cancel"), None, missing=(NOBODY,), is_prefix=True),
    Row(("jobs", "retry"), None, missing=(NOBODY,), is_prefix=True),
    Row(("files",)),
    Row(("files", "list"), missing=("--chat", NOBODY)),
    Row(
        ("files", "upload"),
        ("{file}", "--chat", "{chat}"),
        missing=("{file}", "--chat", NOBODY),
    ),
    Row(("files", "link"), ("{picture}",), missing=("{chat}/none.txt",)),
    Row(("files", "analyze"), None, missing=("{chat}/none.txt",)),
    Row(("files", "download"), None, missing=("{chat}/none.txt", "{file}.none")),
    Row(
        ("files", "remove"),
        None,
        missing=("{chat}/none.txt", "--yes"),
        destroys=("{chat}/none.txt",),
    ),
    Row(("usage",)),
    Row(("profile",)),
    Row(("profile", "show")),
    Row(("profile", "edit"), ("--name", "Ada")),
    Row(("profile", "avatar"), ("{png}",)),
    Row(("password",), None),
    Row(("transfer",), None, "nothing", missing=("--from", "nope", "--to", "embedded")),
    Row(("signup",), None, "backend", other=("--email", "a@example.com")),
    Row(("login",), None, "backend", other=("--email", "a@example.com")),
    Row(("logout",), None, "nothing"),
    Row(("whoami",)),
    Row(("context",), needs="nothing"),
    Row(("context", "list"), needs="nothing"),
    Row(("context", "show"), needs="nothing", missing=("nope",)),
    Row(("context", "add"), None, "nothing"),
    Row(("context", "use"), ("embedded",), "nothing", missing=("nope",)),
    Row(("context", "remove"), None, "nothing", missing=("nope", "--yes")),
    Row(("backend",), needs="nothing"),
    Row(("backend", "start"), needs="nothing"),
    Row(("backend", "stop"), None, "nothing"),
    Row(("backend", "status"), needs="nothing"),
    Row(("backend", "logs"), None, "nothing"),
    Row(("backend", "env"), needs="nothing"),
    Row(("backend", "reset"), None, "nothing", destroys=()),
    Row(("doctor",), None, "nothing"),
    Row(("smoke",), ("-m", "{model}", "--no-image"), "nothing"),
    Row(("completion",), ("bash",), "nothing", is_json=False),
    # Programs of the backend, with tests of their own.
    *(
        Row(("admin", *words), None, "nothing")
        for words in (
            (),
            ("migrate",),
            *(("keys", *verb) for verb in ((), ("list",), ("rotate",), ("retire",))),
            *(
                ("auth-keys", *verb)
                for verb in ((), ("list",), ("legacy",), ("rotate",), ("retire",))
            ),
            *(("database", *verb) for verb in ((), ("show",), ("keep",), ("forget",))),
            *(("secret-key", *verb) for verb in ((), ("show",), ("keep",), ("forget",))),
            ("backup",),
            ("restore",),
        )
    ),
    # What is done with the secret key, which the embedded backend tells; more in test_admin.py.
    Row(("admin", "users"), needs="nothing"),
    Row(("admin", "users", "list"), needs="nothing"),
    Row(("admin", "users", "show"), ("{user}",), "nothing", missing=("nobody@example.com",)),
    Row(("admin", "users", "create"), None, "nothing"),
    Row(
        ("admin", "users", "disable"),
        None,
        "nothing",
        missing=(NOBODY, "--yes"),
        destroys=("{user}",),
    ),
    Row(("admin", "users", "enable"), ("{user}",), "nothing", missing=(NOBODY,)),
    Row(
        ("admin", "users", "reset-password"),
        None,
        "nothing",
        missing=(NOBODY, "--mail"),
    ),
    Row(
        ("admin", "users", "delete"),
        ("{user}", "--dry-run"),
        "nothing",
        missing=(NOBODY, "--yes"),
        destroys=("{user}",),
    ),
    Row(("admin", "users", "export"), None, "nothing", missing=(NOBODY, "{file}.zip")),
    Row(("admin", "jobs"), needs="nothing"),
    Row(("admin", "jobs", "list"), needs="nothing", missing=("--user", NOBODY)),
    Row(("admin", "jobs", "retry"), None, "nothing", missing=(NOBODY,)),
    Row(("admin", "jobs", "cancel"), None, "nothing", missing=(NOBODY, "--yes")),
    Row(
        ("admin", "jobs", "purge"),
        ("--older-than", "90d", "--dry-run"),
        "nothing",
        missing=("--older-than", "90d", "--user", NOBODY),
        destroys=("--older-than", "1h"),
    ),
    Row(("admin", "storage"), needs="nothing"),
    Row(("admin", "storage", "usage"), needs="nothing"),
    Row(("admin", "storage", "gc"), ("--dry-run",), "nothing", destroys=()),
    Row(("admin", "stats"), needs="nothing"),
    Row(
        ("admin", "retention"),
        ("--older-than", "365d", "--dry-run"),
        "nothing",
        missing=("--older-than", "365d", "--user", NOBODY),
        destroys=("--older-than", "1h"),
    ),
    Row(("admin", "audit"), needs="nothing", missing=("--user", "nobody@example.com")),
)
