"""Filters compare as PostgreSQL does, on columns of every type."""

import pytest

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import SECRET, Service
from tests.support.phoenix import PhoenixClient

pytestmark = pytest.mark.db

THINGS = """
create type public.mood as enum ('sad', 'fine', 'happy');
create domain public.score as int check (value between 0 and 10);
create table public.things (
  id int primary key, mood public.mood, n int, big bigint, price numeric, ratio float8,
  title text, short varchar(10), fixed char(5), at timestamptz, day date, lasts interval,
  is_on boolean, tags text[], doc jsonb, span int4range, ip inet, data bytea, score public.score,
  nothing text, word extensions.citext, owner uuid);
alter table public.things replica identity full;
alter table public.things enable row level security;
create policy things_all on public.things for select to authenticated using (true);
grant select on public.things to authenticated, service_role;
alter publication supabase_realtime add table public.things;
"""
ROW = """
insert into public.things values (
  1, 'fine', 10, 9007199254740993, 1.50, 'NaN', 'It, (is) a "title"', 'short', 'ab',
  '2026-11-22 18:30:00+01', '2026-11-22', '36 hours', true, '{a,b}', '{"a": [1]}', '[1,5)',
  '10.1.2.3', '\\x00ff', 7, null, 'Word', '3f0c1c1e-0000-4000-8000-000000000001')
"""
FULFILLED = """
mood=eq.fine | mood=neq.sad | mood=gt.sad | mood=gte.fine | mood=lt.happy | mood=lte.fine
mood=in.(sad,fine) | mood=not.in.(sad,happy) | mood=not.eq.happy
mood=isdistinct.sad | mood=is.null!
mood=gt.fine! | mood=in.()! | mood=not.in.() | mood=not.is.null | mood=not.isdistinct.fine
n=gt.9 | n=gt.10! | n=eq.010 | n=in.(1, 10 ,3) | n=in.(1,null)! | n=not.in.(1,null)! | n=not.gt.10
big=eq.9007199254740993 | big=eq.9007199254740992!
price=eq.1.5 | price=in.(1.500,2) | price=neq.1.5! | price=lte.1.49! | price=gt.-Infinity
ratio=eq.NaN | ratio=gt.1e300 | ratio=lt.1!
title=eq."It, (is) a \\"title\\"" | title=neq."It, (is) a \\"title\\""! | title=like."It, %"
title=in.(a,"It, (is) a \\"title\\"") | title=ilike.it% | title=like.it%! | title=not.like.it%
title=match.^It | title=imatch.TITLE | title=match.title$! | title=gt.It | title=lt.a
short=eq.short | short=neq.short! | fixed=eq.ab | fixed=like.ab% | fixed=gt.aa
at=eq.2026-11-22T17:30:00Z | at=gt.2026-11-22T17:29:59 | at=lt.infinity
at=in.(2026-11-22 17:30:00)
day=eq.2026-11-22 | day=lt.infinity | day=gte.2026-11-23! | day=eq.11/22/2026
lasts=eq.1 day 12:00:00 | lasts=gt.1 day | lasts=not.lt.35 hours
is_on=eq.true | is_on=is.true | is_on=is.false! | is_on=not.is.unknown | is_on=neq.yes!
is_on=gt.false
tags=eq."{a,b}" | tags=gt.{a} | tags=eq."{b,a}"! | doc=eq.{"a":[1]} | doc=neq.{} | span=eq."[1,4]"
ip=gt.10.1.2.2 | ip=eq.10.1.2.3/32 | data=eq.\\x00FF | score=eq.7 | score=gt.10!
nothing=is.null | nothing=eq.null! | nothing=neq.a! | nothing=not.eq.a! | nothing=isdistinct.a
nothing=not.isdistinct.a! | nothing=not.in.(a)! | nothing=like.%! | nothing=not.like.%!
word=eq.WORD | word=like.wo% | owner=eq.3F0C1C1E-0000-4000-8000-000000000001
owner=gt.00000000-0000-0000-0000-000000000000 | n=gt.9,mood=gt.sad,title=like.It%
n=gt.9,mood=eq.sad!
"""


@pytest.fixture
async def things(service: Service) -> None:
    await service.run("create extension if not exists citext schema extensions")
    for statement in THINGS.strip().split(";\n"):
        await service.run(statement)


def binding(filter_text: str, **more: object) -> dict[str, object]:
    return {"event": "*", "schema": "public", "table": "things", "filter": filter_text, **more}


async def told_ids(client: PhoenixClient) -> set[int]:
    return set((await client.until("postgres_changes"))["ids"])


async def test_each_filter_tells_what_postgresql_would(
    service: Service, alice: Caller, things: None
) -> None:
    cases = [case.strip() for case in FULFILLED.strip().replace("\n", "|").split("|")]
    cases = [case.replace("\\\\", "\\") for case in cases]
    filters = [case.removesuffix("!") for case in cases]
    async with service.connect() as client:
        reply = await client.join(
            token=service.token(alice), postgres_changes=[binding(one) for one in filters]
        )
        told = await client.until("system")
        assert told["status"] == "ok", told
        numbers = [one["id"] for one in reply["response"]["postgres_changes"]]

        await service.run(ROW)
        inserted = await told_ids(client)
        await service.run("update public.things set n = n")
        updated = await told_ids(client)
        await service.run("delete from public.things")
        deleted = await told_ids(client)

    for heard in (inserted, updated, deleted):
        wrong = [
            case
            for case, number in zip(cases, numbers, strict=True)
            if (number in heard) is case.endswith("!")
        ]
        assert wrong == []


REFUSED = {
    "mood=eq.bored": "22P02 (invalid_text_representation) invalid input value for enum public.mood",
    "n=eq.x": '22P02 (invalid_text_representation) invalid input syntax for type integer: "x"',
    "n=in.(1,x)": '22P02 (invalid_text_representation) invalid input syntax for type integer: "x"',
    "score=eq.11": "23514 (check_violation) value for domain public.score violates check",
    "none=eq.1": "P0001 (raise_exception) invalid column for filter none",
    "n=is.maybe": "P0001 (raise_exception) invalid value for is filter: must be null, true, false",
    "n=is.true": "P0001 (raise_exception) is true filter requires a boolean column, got integer",
    "n=like.1%": "P0001 (raise_exception) operator like requires a text-compatible column type",
    "mood=match.f": "P0001 (raise_exception) operator match requires a text-compatible column",
    "title=match.(": "P0001 (raise_exception) invalid regular expression for match filter: ",
    f"n=in.({','.join('1' * 101)})": "P0001 (raise_exception) too many values for `in` filter.",
}


async def test_a_filter_that_does_not_fit_its_column_is_refused_in_the_services_words(
    service: Service, alice: Caller, things: None
) -> None:
    async with service.connect() as client:
        for filter_text, reason in REFUSED.items():
            await client.join(token=service.token(alice), postgres_changes=[binding(filter_text)])
            told = await client.until("system")

            assert (told["status"], told["extension"]) == ("error", "postgres_changes")
            assert told["message"].startswith(
                "Unable to subscribe to changes with given parameters. An exception happened so"
                " please check your connect parameters: [event: *, schema: public, table: things,"
                f' filters: [{{"{filter_text.partition("=")[0]}", '
            )
            assert f", select: nil]. Exception: ERROR {reason}" in told["message"]


async def test_jobs_are_followed_by_their_status(service: Service, alice: Caller) -> None:
    async with service.connect() as client:
        await client.follow(
            service.token(alice), table="jobs", filter="status=in.(completed,failed)"
        )
        job = await service.insert(alice, "jobs", job_type="t")
        await service.run("update jobs set status = 'processing' where id = %s", job)
        await service.run("update jobs set status = 'completed' where id = %s", job)

        change = await client.change()

    assert change["record"]["status"] == "completed"


async def test_a_column_that_became_another_type_is_compared_as_what_it_is_now(
    service: Service, alice: Caller, things: None
) -> None:
    async with service.connect() as client, service.connect(key=SECRET) as operator:
        await client.follow(service.token(alice), table="things", filter="n=eq.10")
        await operator.follow(table="things")
        await service.run("alter table public.things alter n type text")

        await service.run("insert into public.things (id, n) values (1, '010'), (2, '10')")
        for _ in range(2):
            await operator.change()

        assert (await client.change())["record"]["id"] == 2


async def test_a_pattern_that_takes_for_ever_is_given_up_and_stops_nobody_else(
    service: Service, alice: Caller, bob: Caller, things: None
) -> None:
    async with service.connect() as patient, service.connect() as client:
        endless = r'title=match."(x+)(x+)(x+)\\1\\3\\2z"'
        await patient.follow(service.token(alice), table="things", filter=endless)
        await client.follow(service.token(bob), table="things", filter="title=like.%z")

        await service.run(
            "insert into public.things (id, title) values (1, repeat('x', 2000) || 'z')"
        )

        assert (await client.change())["record"]["id"] == 1
        refused = await patient.until("system")
        assert refused["status"] == "error"
        assert refused["message"].endswith("Exception: the filter takes too long")
