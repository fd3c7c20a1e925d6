"""Every route of a team's server."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import path

from pmsite.urls import handler400, handler403, handler404, handler500
from pmsite.urls import urlpatterns as local_urlpatterns
from projects.team import api, member_pages, members, views

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("login/", LoginView.as_view(template_name="team/login.html", redirect_authenticated_user=True), name="login"),
    path("device/", views.device, name="device"),
    path("tokens/", views.tokens, name="own-tokens"),
    path("api/v1/device-codes/", api.DeviceCodesView.as_view(), name="device-codes"),
    path("api/v1/device-codes/token/", api.DeviceTokenView.as_view(), name="device-token"),
    path("api/v1/tokens/", api.TokensView.as_view(), name="tokens"),
    path("api/v1/tokens/<slug:id>/", api.TokenView.as_view(), name="token"),
    path("api/v1/members/", members.MembersView.as_view(), name="members"),
    path("api/v1/members/<uuid:id>/", members.MemberView.as_view(), name="member"),
    path("settings/members/", member_pages.choose, name="settings-members-all"),
    path("settings/members/everybody/", member_pages.default_role, name="settings-default-role"),
    path("settings/members/<slug:key>/", member_pages.members, name="settings-members"),
    *local_urlpatterns,
]
