"""Tables fit their width, and follow it."""

from pathlib import Path

from pocketllm_cli.models import Context
from pocketllm_cli.tui.widgets.row_table import fit_widths
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app


def test_the_widest_columns_give_way_until_all_fit() -> None:
    assert fit_widths([2, 20, 30, 9], {1, 2}, 41) == [2, 15, 15, 9]
    assert fit_widths([2, 20, 30, 9], {1, 2}, 100) == [2, 20, 30, 9]
    assert fit_widths([2, 20, 30, 9], {1, 2}, 1) == [2, 8, 8, 9]
    assert fit_widths([2, 20], set(), 1) == [2, 20]


async def test_the_models_fit_sixty_columns_and_are_whole_again_where_there_is_room(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    model = "a-model-with-a-name-of-more-than-forty-letters"
    fake.add_model("work", model=model, has_key=True, key_last4="k3Qp")
    async with shown_app(context, folder, size=(60, 20)) as shown:
        await shown.pilot.press("f2")
        await shown.see("…k3Qp")
        assert model not in shown.page
        await shown.pilot.resize_terminal(120, 30)
        await shown.see(model, "…k3Qp")
        await shown.pilot.resize_terminal(60, 20)
        await shown.until(lambda: model not in shown.page)
        await shown.see("…k3Qp")
