from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.engine import IS_POSTGRES
from projects.models import Comment, Project, User, WorkItem
from projects.models.search import Hit, highlighted, search
from tests.torture.postgres_audit import search_faults

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def titles(text: str, **options: Any) -> list[str]:
    return [hit.title for hit in search(text, **options)]


def indexed() -> int:
    """Return the number of indexed texts; raise if the index and its entries, or on PostgreSQL its texts, disagree."""
    with connection.cursor() as cursor:
        if IS_POSTGRES:
            assert search_faults(cursor) == []
            cursor.execute("SELECT count(*) FROM projects_searchentry")
            return int(cursor.fetchone()[0])
        cursor.execute("INSERT INTO projects_search(projects_search) VALUES ('integrity-check')")
        cursor.execute("SELECT (SELECT count(*) FROM projects_search), (SELECT count(*) FROM projects_searchentry)")
        texts, entries = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM projects_searchshown WHERE entry_id NOT IN (SELECT id FROM projects_searchentry)"
        )
        assert cursor.fetchone() == (0,)
    assert texts == entries
    return int(texts)


def test_search_needs_all_words_and_the_last_matches_as_a_prefix(make_item: Make) -> None:
    make_item("Mend the login page", description="It forgets passwords.")
    make_item("Mend the board")
    assert titles("mend") == ["Mend the board", "Mend the login page"]
    assert titles("MEND forgets") == titles("pass") == titles("login mend") == ["Mend the login page"]
    assert titles("log page") == titles("mend nothing") == []


def test_title_ranks_above_text(make_item: Make) -> None:
    make_item("Something else", description="about the cache and other matters")
    make_item("Cache")
    assert titles("cache") == ["Cache", "Something else"]


def test_common_words_list_newest_first_with_titles_before_texts(make_item: Make) -> None:
    make_item("Cache cache cache")
    for number in range(3):
        make_item(f"Text {number}", description="the cache")
    make_item("Cache 2")
    found = ["Cache 2", "Cache cache cache", "Text 2", "Text 1", "Text 0"]
    assert titles("cache", ranked=5)[0] == "Cache cache cache"
    assert titles("cache", ranked=4) == found
    assert [titles("cache", ranked=4, limit=limit) for limit in (1, 2, 3)] == [found[:1], found[:2], found[:3]]


def test_hit_has_key_title_and_highlights(make_item: Make, project: Project, user: User) -> None:
    item = make_item("Über die Brücke", status="todo", description="Ein Café am Fluß. " + "Wasser. " * 100)
    comment = Comment.objects.create(actor=user, work_item=item, content="A *résumé* of it")
    assert search("cafe") == [
        Hit("work_item", str(item.pk), "PONE-1", item.title, "todo", search("cafe")[0].snippet, [[4, 8]])
    ]
    snippet = search("cafe")[0].snippet
    assert snippet.startswith("Ein Café am Fluß.")
    assert len(snippet) < 250
    assert search("RESUME") == [
        Hit("comment", str(comment.pk), "PONE-1", item.title, "todo", "A *résumé* of it", [[3, 9]])
    ]
    assert search("first") == [Hit("project", str(project.pk), "PONE", "First", "active", "First", [[0, 5]])]


def test_item_named_by_its_display_key_comes_first(make_item: Make) -> None:
    for number in range(12):
        make_item(f"Item {number}", description="see PONE-1" if number == 5 else "")
    hits = search(" pone-1 ")
    assert (hits[0].display_key, hits[0].snippet, hits[0].highlights) == ("PONE-1", "PONE-1", [[0, 6]])
    assert [hit.display_key for hit in hits].count("PONE-1") == 1
    assert {hit.display_key for hit in hits[1:]} == {"PONE-6", "PONE-10", "PONE-11", "PONE-12"}
    assert [hit.display_key for hit in search("PONE-1", limit=1)] == ["PONE-1"]
    assert search("PONE-99") == []


def test_search_in_a_project_finds_only_its_entities(make_item: Make, make_project: Make, project: Project) -> None:
    two = make_project("TWO", title="Another")
    make_item("Common word")
    make_item("Common word", project=two)
    assert [hit.display_key for hit in search("common", project=two)] == ["TWO-1"]
    assert search("PONE-1", project=two) == []
    assert titles("another", project=project) == []


def test_deleted_entities_are_not_found(make_item: Make, project: Project, user: User) -> None:
    item = make_item("Findable")
    comment = Comment.objects.create(actor=user, work_item=item, content="Findable, too")

    def found() -> list[str]:
        return sorted(hit.type for hit in search("findable"))

    assert found() == ["comment", "work_item"]
    comment.soft_delete(actor=user)
    assert found() == ["work_item"]
    comment.restore(actor=user)
    item.soft_delete(actor=user)
    assert found() == search("PONE-1") == []
    item.restore(actor=user)
    assert found() == ["comment", "work_item"]
    project.soft_delete(actor=user)
    assert found() == search("PONE-1") == search("first") == []
    Project.objects.get().restore(actor=user)
    assert found() == ["comment", "work_item"]


def test_triggers_follow_every_write(make_item: Make, user: User) -> None:
    item = make_item("Before", description="apple")
    assert titles("apple") == ["Before"]
    item.update(actor=user, title="After", description="pear")
    assert titles("before") == titles("apple") == []
    assert titles("after") == titles("pear") == ["After"]
    comment = Comment.objects.create(actor=user, work_item=item, content="plum")
    comment.update(actor=user, content="cherry")
    assert [hit.type for hit in search("cherry")] == ["comment"]
    assert search("plum") == []
    assert indexed() == 3


def test_triggers_follow_raw_and_bulk_sql(make_item: Make, user: User) -> None:
    items = [make_item(f"Number {number}") for number in range(5)]
    comment = Comment.objects.create(actor=user, work_item=items[0], content="plum")
    WorkItem.objects.filter(item_number__gt=2).update(title="Bulk")
    assert titles("bulk") == ["Bulk"] * 3
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_workitem SET description = 'raw ' || item_number")
        assert len(titles("raw")) == 5
        cursor.execute("UPDATE projects_comment SET content = 'cherry'")
        cursor.execute("UPDATE projects_project SET title = 'Renamed', description = ''")
    assert search("plum") == titles("first") == []
    assert titles("renamed") == ["Renamed"]
    Comment.objects.filter(pk=comment.pk).delete()
    WorkItem.objects.filter(item_number=5).delete()
    assert search("cherry") == []
    assert len(titles("bulk")) == 2
    assert indexed() == 5  # a project and four items


def test_write_of_another_column_does_not_touch_the_index(make_item: Make, user: User) -> None:
    item = make_item("Quiet")
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {'projects_searchentry' if IS_POSTGRES else 'projects_search'}")
    item.update(actor=user, status="done", story_points=3)
    assert search("quiet") == []
    item.update(actor=user, title="Loud")  # an update must not add a text that the index lacks
    assert search("loud") == []


@pytest.mark.parametrize(
    "text",
    [
        *('"', '""', "*", "^", "-", ":", "(", ")", "{", "}", "NEAR(", "NEAR", "AND", "OR", "NOT", "AND OR NOT"),
        *("key:", "key:PONE", "{key title}:x", "rank:1", "a*b", "*a", "a**", '"a" * b', "a + b", "a NEAR/2 b", "a^2"),
        *("a'b", "'; DROP TABLE projects_search; --", "%", "_", "a\x00", "\x00", "\x02a\x03", "\ud800", "💥", "日本語"),
        *(
            "ﷺ",
            "İı",
            "\u202eabc",
            "e\u0301",
            "\u0301",
            "𞤀𞤁",
            "a" * 1000,
            "a " * 500,
            '" ' * 500,
            "(" * 1000,
            "PONE-" + "9" * 400,
        ),
    ],
)
def test_no_text_is_query_syntax(make_item: Make, text: str) -> None:
    make_item("Something")
    has_words = any(character.isalnum() for character in text)
    assert titles(text) == []
    for query in (f"something {text}", f"{text} something"):
        assert titles(query) == ([] if has_words else ["Something"])


def test_operators_match_as_words(make_item: Make) -> None:
    make_item("this AND that")
    make_item("this")
    make_item("NOT that")
    assert titles("this AND that") == ["this AND that"]
    assert titles("not that") == ["NOT that"]
    assert titles("this OR that") == []
    assert titles('"this') == ["this", "this AND that"]


def test_words_of_any_script_are_found(make_item: Make) -> None:
    for title in ("日本語 テスト", "Задача", "مهمة", "Straße naïve"):
        make_item(title)
        assert titles(title) == [title]
    assert titles("日本") == ["日本語 テスト"]
    assert titles("задача") == ["Задача"]
    assert titles("NAIVE") == ["Straße naïve"]


@pytest.mark.parametrize("ranked", [100, 3])
@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_pages_list_every_result_once(make_item: Make, ranked: int, limit: int) -> None:
    for number in range(7):
        make_item(f"Same {number}" if number % 2 else "Other", description="the same")
    whole = search("same", ranked=ranked, limit=50)
    pages = [search("same", ranked=ranked, limit=limit)]
    while pages[-1].next:
        pages.append(search("same", ranked=ranked, limit=limit, start=pages[-1].next))
    assert [hit for page in pages for hit in page] == whole
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert {page.total for page in pages} == {len(whole)} == {7}


@pytest.mark.parametrize("ranked", [100, 1])
def test_first_page_of_one_has_the_named_item(make_item: Make, ranked: int) -> None:
    for number in range(3):
        make_item(f"Item {number}", description="see PONE-1")
    first = search("PONE-1", ranked=ranked, limit=1)
    assert [hit.display_key for hit in first] == ["PONE-1"]
    assert first.next is not None
    rest = search("PONE-1", ranked=ranked, start=first.next)
    assert sorted(hit.display_key for hit in rest) == ["PONE-2", "PONE-3"]
    assert first.total == rest.total == 3
    assert (titles("PONE-01"), search("PONE-01").total) == (["Item 0"], 1)
    assert search("PONE-99").total == search("…").total == 0


def test_newest_first_pages_are_stable_under_new_items(make_item: Make) -> None:
    for number in range(4):
        make_item(f"Same {number}")
    first = search("same", ranked=1, limit=2)
    make_item("Same again")
    assert titles("same", ranked=1, limit=2, start=first.next) == ["Same 1", "Same 0"]


def test_counting_stops_at_its_limit(make_item: Make) -> None:
    for number in range(3):
        make_item(f"Same {number}")
    counted = [search("same", counted=limit) for limit in (2, 3, 4)]
    assert [(found.total, found.total_is_exact) for found in counted] == [(2, False), (3, True), (3, True)]


def test_common_whole_words_are_counted_without_their_prefix(make_item: Make) -> None:
    for title in ("Same", "Same", "Same", "Sameness"):
        make_item(title)
    for counted, ranked, prefixes in ((2, 2, 0), (3, 2, 1), (2, 3, 1)):
        with CaptureQueriesContext(connection) as queries:
            found = search("same", counted=counted, ranked=ranked)
            assert (found.total, found.total_is_exact) == (counted, False)
        counts = [query["sql"] for query in queries.captured_queries if "count(" in query["sql"]]
        assert ['"same" *' in sql for sql in counts] == [False, *[True] * prefixes]


def test_total_has_what_only_the_prefix_matches(make_item: Make, user: User) -> None:
    for title in ("Same", "Same", "Same", "Sameness", "Sameness"):
        make_item(title)
    for item in WorkItem.objects.filter(title="Same")[:2]:
        item.soft_delete(actor=user)
    for counted, expected in ((1, (1, False)), (2, (2, False)), (3, (3, True)), (9, (3, True))):
        found = search("same", counted=counted, ranked=1)
        assert (found.total, found.total_is_exact) == expected


def test_total_counts_living_entities_of_the_project(
    make_item: Make, make_project: Make, project: Project, user: User
) -> None:
    two = make_project("TWO", title="Another")
    item, other = make_item("Findable"), make_item("Findable", project=two)
    comment, late = (Comment.objects.create(actor=user, work_item=item, content="Findable") for _ in range(2))

    def totals() -> list[int]:
        found = [search("findable", project=within) for within in (None, project, two)]
        assert [page.total for page in found] == [len(page) for page in found]
        return [page.total for page in found]

    assert totals() == [4, 3, 1]
    late.soft_delete(actor=user)
    assert totals() == [3, 2, 1]
    item.soft_delete(actor=user)
    assert totals() == [1, 0, 1]
    item.restore(actor=user)
    assert totals() == [3, 2, 1]
    comment.update(actor=user, content="Lost")
    other.update(actor=user, title="Lost")
    assert totals() == [1, 1, 0]
    assert search("another").total == 1
    two.soft_delete(actor=user)
    assert search("another").total == search("lost").total - 1 == 0
    Comment.objects.all().delete()
    WorkItem.objects.filter(pk=item.pk).delete()
    assert totals() == [0, 0, 0]
    assert indexed() == 3  # two projects and an item


def test_highlighted_counts_characters() -> None:
    assert highlighted("plain") == ("plain", [])
    assert highlighted("💥 \x02a\x03b \x02c\x03") == ("💥 ab c", [[2, 3], [5, 6]])


def test_results_respect_the_limit(make_item: Make) -> None:
    for number in range(5):
        make_item(f"Many {number}")
    assert len(search("many", limit=3)) == 3
    assert search("many", limit=1)[0].type == "work_item"
