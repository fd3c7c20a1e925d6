"""The settings page of a project's members, and the role of everybody else."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from projects.entities.member import DEFAULT_ROLES, MEMBERSHIP, ROLES
from projects.loose_types import Context
from projects.models import DefaultRole, Membership, Project, User, rights
from projects.team import audit
from projects.team.members import note
from projects.web import page
from projects.web.responses import answers_forms, done

MOST_NAMES = 300  # suggestions of the form
WORDS = {
    "viewer": "reads everything in the project",
    "member": "works: items, comments, sprints, time, reviews",
    "maintainer": "also changes the project, its columns, labels, checks, policies and members",
}


@page.for_people()
def choose(request: HttpRequest) -> HttpResponse:
    """Lead to the members of the first project."""
    project = Project.objects.living().order_by("status", "key").first()
    return redirect("settings-members", project.key) if project else redirect("settings-projects")


@page.for_people("GET", "HEAD", "POST")
@answers_forms
def members(request: HttpRequest, key: str) -> HttpResponse:
    """Show the members of a project; give, change or take a role."""
    project = page.find_project(key)
    if request.method != "POST":
        return render(request, "team/members.html", {"section": "settings", **_context(project, page.person(request))})
    with transaction.atomic():
        rights.check_project(project.pk, MEMBERSHIP.name)
        event, member, said = _change(request, project)
    note(event, request, member, page.person(request))
    return done(said)


@page.for_people("POST")
@answers_forms
def default_role(request: HttpRequest) -> HttpResponse:
    """Choose the role of everybody in projects where they have none of their own."""
    actor, role = page.person(request), request.POST.get("role", "")
    with transaction.atomic():
        DefaultRole.choose(role, actor=actor)
    audit.record("default_role_changed", request, by=actor.username, role=role)
    return done("Saved.")


def _context(project: Project, user: User) -> Context:
    members = list(Membership.objects.of_project(project))
    known = {member.user_id for member in members}
    names = User.objects.filter(is_active=True).exclude(pk__in=known).order_by("username")
    return {
        "project": project,
        "members": members,
        "roles": ROLES,
        "words": WORDS.items(),
        "names": list(names.values_list("username", flat=True)[:MOST_NAMES]),
        "default_role": DefaultRole.current(),
        "default_roles": DEFAULT_ROLES,
        "may_change": user.acts_as_person and rights.may_write(project.pk, MEMBERSHIP.name),
        "may_choose_default": user.acts_as_person and rights.may_administer(),
    }


def _change(request: HttpRequest, project: Project) -> tuple[str, Membership, str]:
    """Return the event, the member, and what to say."""
    actor, data = page.person(request), request.POST
    if "member" not in data:
        user = User.objects.known(data.get("user", ""))
        member = Membership.objects.give(user, project, data.get("role", ""), actor=actor)
        return "role_given", member, f"{user.username} is a {member.role} now."
    member = get_object_or_404(Membership.objects.of_project(project), pk=_id(data["member"]))
    if "remove" in data:
        member.take(actor=actor)
        return "role_taken", member, f"{member.user.username} is no member any more."
    member.change(data.get("role", ""), actor=actor)
    return "role_changed", member, f"{member.user.username} is a {member.role} now."


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValidationError({"member": "must be the ID of a member"}) from None
