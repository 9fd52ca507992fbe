"""One transaction on a real database, in which anybody may act, and which leaves nothing."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

Row = dict[str, Any]

_TAKE_ROLE = """
select set_config('role', %(role)s, true),
       set_config('request.jwt.claims', %(claims)s, true)
"""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who sends statements: a database role, and the claims of a token."""

    connection: Connection[Row]
    role: str
    user_id: UUID | None = None

    def run(self, statement: str, **values: Any) -> list[Row]:
        """Run one statement as this persona and return its rows, if it has any."""
        cursor = self._execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, **values: Any) -> Any:
        """Return the only value of the only row."""
        (row,) = self.run(statement, **values)
        (value,) = row.values()
        return value

    def count(self, statement: str, **values: Any) -> int:
        """Return how many rows a statement found or changed."""
        return self._execute(statement, values).rowcount

    def refusal(self, statement: str, **values: Any) -> str:
        """Return the SQLSTATE with which a statement is refused, or "" when it is not."""
        return self.error(statement, **values)[0]

    def error(self, statement: str, **values: Any) -> tuple[str, str]:
        """Return the SQLSTATE and the message with which a statement is refused."""
        try:
            with self.connection.transaction():
                self._execute(statement, values)
        except psycopg.Error as error:
            return error.sqlstate or "", error.diag.message_primary or ""
        return "", ""

    def _execute(self, statement: str, values: dict[str, Any]) -> psycopg.Cursor[Row]:
        claims = {"role": self.role}
        if self.user_id is not None:
            claims["sub"] = str(self.user_id)
        self.connection.execute(_TAKE_ROLE, {"role": self.role, "claims": json.dumps(claims)})
        return self.connection.execute(statement.encode(), values or None)


@dataclass(frozen=True, slots=True)
class Stage:
    """The personas that a test can have."""

    connection: Connection[Row]

    @property
    def service(self) -> Persona:
        return Persona(self.connection, "service_role")

    @property
    def anonymous(self) -> Persona:
        return Persona(self.connection, "anon")

    def signed_in(self, user_id: UUID | None) -> Persona:
        """Return somebody with a valid token, whether or not there is such a user."""
        return Persona(self.connection, "authenticated", user_id)

    def sign_up(self, user_metadata: str = "{}") -> Persona:
        """Insert a user the way the auth service does."""
        user_id = Persona(self.connection, "supabase_auth_admin").value(
            "insert into auth.users (email, raw_user_meta_data)"
            " values (%(email)s, %(metadata)s) returning id",
            email=f"{uuid4().hex}@example.com",
            metadata=user_metadata,
        )
        return self.signed_in(user_id)

    def delete_user(self, persona: Persona) -> None:
        """Delete a user the way the auth service does."""
        Persona(self.connection, "supabase_auth_admin").run(
            "delete from auth.users where id = %(id)s", id=persona.user_id
        )


def add_config(owner: Persona, name: str | None = None, **columns: Any) -> UUID:
    values = {"name": name or uuid4().hex, "provider": "openai", "model": "any", **columns}
    return _insert(owner, "model_configs", values)


def add_chat(owner: Persona, title: str = "a chat", **columns: Any) -> UUID:
    return _insert(owner, "chats", {"title": title, **columns})


def add_message(owner: Persona, chat: UUID, content: str = "hi", **columns: Any) -> UUID:
    return _insert(
        owner, "messages", {"chat_id": chat, "role": "user", "content": content, **columns}
    )


def add_job(owner: Persona, **columns: Any) -> UUID:
    return _insert(owner, "jobs", {"job_type": "image_generation", **columns})


def _insert(owner: Persona, table: str, values: dict[str, Any]) -> UUID:
    marks = ", ".join(f"%({name})s" for name in values)
    new: UUID = owner.value(
        f"insert into public.{table} ({', '.join(values)}) values ({marks}) returning id",  # noqa: S608
        **values,
    )
    return new
