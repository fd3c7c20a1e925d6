"""Every route of a team's server."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, path

from pmsite.urls import handler400, handler403, handler404, handler500
from pmsite.urls import urlpatterns as local_urlpatterns
from projects.team import api, member_pages, members, views

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

sign_in = LoginView.as_view(
    template_name="team/login.html",
    authentication_form=views.SignInForm,
    redirect_authenticated_user=True,
    extra_context={"provider": settings.PM_OIDC},
)
provider: list[URLPattern] = []
if settings.PM_OIDC:
    from projects.team.oidc import views as oidc

    provider = [
        path("oidc/", oidc.start, name="oidc"),
        path("oidc/callback/", oidc.callback, {"provider_id": settings.PM_OIDC["id"]}, name="openid_connect_callback"),
    ]
urlpatterns = [
    path("login/", sign_in, name="login"),
    path("admin/logout/", LogoutView.as_view(), name="logout"),  # the administration's is for its staff only
    *provider,
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
