# ruff: noqa: F403
# What is tested elsewhere, under the names it has there.
from tests.sql.stage import Stage
from tests.sql.test_admin_functions import *
from tests.sql.test_deleted_users import *
from tests.sql.test_every_column_and_function import *
from tests.sql.test_imported_jobs import *
from tests.sql.test_message_tree import *
from tests.sql.test_search import *
from tests.sql.test_whole_chats import *


def test_it_is_the_version_that_hosted_projects_have(stage: Stage) -> None:
    assert stage.connection.info.server_version // 10_000 == 17
