"""Makes the embedded PostgreSQL what a hosted one is: platform SQL, logins, our migrations."""

from psycopg import AsyncConnection

from backend_functions.db.migrate import migrate, sql_folder
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.embedded.postgres import SUPERUSER


def database_url(user: str, password: str, port: int, database: str = "postgres") -> str:
    """Return the address of the embedded database for one login."""
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


async def prepare_database(keys: MachineKeys, port: int, database: str = "postgres") -> None:
    """Apply what is missing of the platform SQL and of the migrations.

    Raises:
        psycopg.Error: A statement failed; what was applied before it stays.
    """
    admin = database_url(SUPERUSER, keys.admin_password, port, database)
    await migrate(admin, sql_folder() / "platform", ledger="platform_migrations")
    async with await AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute("alter schema public owner to postgres")
        await connection.execute(
            "grant create, connect, temporary on database postgres to postgres"
        )
        for login, password in (
            ("postgres", keys.owner_password),
            ("authenticator", keys.login_password),
        ):
            # Hashed here: the server sees, and could log, only the verifier.
            connection.pgconn.change_password(login.encode(), password.encode())
    owner = database_url("postgres", keys.owner_password, port, database)
    migrations = sql_folder() / "supabase" / "migrations"
    await migrate(owner, migrations, ledger="supabase_migrations")
