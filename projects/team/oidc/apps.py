from __future__ import annotations

from django.apps import AppConfig


class OIDCConfig(AppConfig):
    name = "projects.team.oidc"
    label = "team_oidc"
    verbose_name = "single sign-on"

    def ready(self) -> None:
        from allauth.account.models import EmailAddress
        from allauth.socialaccount.models import SocialApp, SocialToken
        from django.contrib import admin

        # The provider comes from the environment, and neither its tokens nor addresses are kept.
        for model in (EmailAddress, SocialApp, SocialToken):
            if admin.site.is_registered(model):
                admin.site.unregister(model)
