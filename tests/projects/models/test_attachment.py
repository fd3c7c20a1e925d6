from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.entities.attachment import MAX_BOARD, MAX_FILE
from projects.media_types import OTHER, media_type
from projects.models import Activity, Attachment, AttachmentContent, User, WorkItem
from projects.models.attachment import clean_name, spelled
from projects.models.deletion import purge
from projects.models.exceptions import Archived, Conflict, NotYours, TooLarge

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def picture(make_item: Make, user: User) -> Attachment:
    return attach(make_item(), user)


def attach(item: WorkItem, actor: User, name: str = "shot.png", content: bytes = PNG) -> Attachment:
    return Attachment.objects.create(actor=actor, work_item=item, name=name, content=content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG + b"%PDF-1.7", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a/*", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        *((start, OTHER) for start in (b"<svg xmlns='http://www.w3.org/2000/svg'>", b"RIFF....WAVE", b"BM", b"<html>")),
        (b"%PDF-1.7\n" + PNG, OTHER),
    ],
)
def test_type_follows_from_the_content(make_item: Make, user: User, content: bytes, kind: str) -> None:
    assert media_type(content) == kind
    assert attach(make_item(), user, "a.png", content).media_type == kind


def test_content_is_in_a_table_of_its_own_once_for_equal_files(picture: Attachment, user: User) -> None:
    again = attach(picture.work_item, user, "again.png")
    assert again.digest == picture.digest
    assert AttachmentContent.objects.count() == 1
    assert Attachment.objects.get(pk=again.pk).content == PNG


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.png", "a.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\u200bb\u2066.txt\x00", "ab.txt"),
        ('say "hi"\r\nX: y.png', "say _hi_ X_ y.png"),
        ("שלום.png", "שלום.png"),
        (f"{'x' * 300}.png", f"{'x' * 196}.png"),
        *((name, "file") for name in ("", "..", "/", " . ", "\u202e")),
    ],
)
def test_name_has_no_path_and_no_hidden_characters(name: str, kept: str) -> None:
    assert clean_name(name) == kept


def test_empty_file_is_refused(make_item: Make, user: User) -> None:
    with pytest.raises(ValidationError, match="is empty"):
        attach(make_item(), user, content=b"")


def test_file_has_at_most_five_mebibytes(make_item: Make, user: User) -> None:
    assert attach(make_item(), user, content=bytes(MAX_FILE)).size == MAX_FILE
    with pytest.raises(TooLarge, match="more than 5 MiB"):
        attach(make_item(), user, content=bytes(MAX_FILE + 1))


def test_board_is_full_at_200_mebibytes_until_deleted_files_are_purged(picture: Attachment, user: User) -> None:
    big = attach(picture.work_item, user, "big.bin", b"big")
    AttachmentContent.objects.filter(pk=big.digest).update(size=MAX_BOARD - picture.size - 3)
    attach(picture.work_item, user, "fits.bin", b"123")
    with pytest.raises(TooLarge, match="at most 200 MiB together"):
        attach(picture.work_item, user, "one.bin", b"1")
    attach(picture.work_item, user, "same.bin", b"123")  # takes no space
    big.soft_delete(actor=user)
    with pytest.raises(TooLarge, match="pm-manage purge"):
        attach(picture.work_item, user, "one.bin", b"1")
    Attachment.objects.filter(pk=big.pk).update(deleted_at=timezone.now() - dt.timedelta(days=31))
    assert purge(30) == {"attachment": 1}
    assert not AttachmentContent.objects.filter(pk=big.digest).exists()
    attach(picture.work_item, user, "one.bin", b"1")


def test_purge_keeps_content_that_another_attachment_has(picture: Attachment, user: User) -> None:
    again = attach(picture.work_item, user, "again.png")
    Attachment.objects.filter(pk=again.pk).update(deleted_at=timezone.now() - dt.timedelta(days=31))
    assert purge(30) == {"attachment": 1}
    assert AttachmentContent.objects.count() == 1


def test_deletion_and_restoration_are_in_the_history(picture: Attachment, user: User) -> None:
    picture.soft_delete(actor=user)
    picture.restore(actor=user)
    assert picture.content == PNG
    changes = Activity.objects.of(picture).order_by("id").values_list("action", "actor__username")
    assert [*changes] == [("created", "ada"), ("deleted", "ada"), ("restored", "ada")]
    created = Activity.objects.of(picture).first()
    assert created is not None
    assert {change["field"]: change["new"] for change in created.changes} == {"name": "shot.png", "size": 8}


def test_deleted_item_takes_and_shows_no_attachment(picture: Attachment, user: User) -> None:
    picture.work_item.soft_delete(actor=user)
    assert not Attachment.objects.living().exists()
    with pytest.raises(Conflict, match="is deleted"):
        attach(picture.work_item, user)
    picture.work_item.restore(actor=user)
    assert Attachment.objects.living().get() == picture


def test_archived_project_takes_no_attachment(picture: Attachment, user: User) -> None:
    picture.work_item.project.update(actor=user, status="archived")
    for write in (lambda: attach(picture.work_item, user), lambda: picture.soft_delete(actor=user)):
        with pytest.raises(Archived):
            write()


def test_only_a_person_or_who_added_it_deletes_it(picture: Attachment, owner: User) -> None:
    with pytest.raises(NotYours, match=r"only a person or ada, who added shot\.png"):
        picture.soft_delete(actor=User.objects.actor("eve"))
    picture.soft_delete(actor=owner)


def test_content_of_another_clone_is_not_here(picture: Attachment) -> None:
    assert Attachment.objects.states([picture.pk]) == {picture.pk: "image/png"}
    AttachmentContent.objects.all().delete()
    assert Attachment.objects.get(pk=picture.pk).content is None
    assert Attachment.objects.states([picture.pk]) == {}


def test_markdown_shows_a_picture_and_links_to_other_files(picture: Attachment, user: User) -> None:
    picture.name = "a[1]_b.png"
    assert picture.markdown == rf"![a\[1\]\_b.png](/attachments/{picture.pk}/)"
    other = attach(picture.work_item, user, "notes.pdf", b"%PDF")
    assert other.markdown == f"[notes.pdf](/attachments/{other.pk}/)"


def test_sizes_read_as_people_write_them() -> None:
    assert [spelled(size) for size in (0, 1023, 1024, 1536, 5 << 20)] == [
        *("0 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "5 MiB")
    ]
