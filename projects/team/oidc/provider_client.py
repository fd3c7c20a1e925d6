"""What the provider says, believed only after its signature, issuer, audience and times have been checked."""

from __future__ import annotations

from typing import cast

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from requests import RequestException

from discovery.loopback import is_loopback_name
from projects.loose_types import Framework

# Never a symmetric one, nor "none": the token itself names the algorithm.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEEWAY = 60  # seconds that the clocks may differ
NAMES = ("preferred_username", "email")  # claims that some providers send from `userinfo` only

Claims = dict[str, Framework]


class ProviderClient(OpenIDConnectOAuth2Adapter):
    """The provider of the environment. All methods raise OAuth2Error or RequestException."""

    @property
    def openid_config(self) -> Claims:
        if not hasattr(self, "_openid_config"):
            try:
                found = super().openid_config
            except ValueError as error:
                raise RequestException("its configuration is not JSON") from error
            if not isinstance(found, dict) or found.get("issuer") != settings.PM_OIDC["issuer"]:
                del self._openid_config
                raise OAuth2Error("its configuration names another issuer than PM_OIDC_ISSUER")
            if not all(_is_safe(found.get(name)) for name in ENDPOINTS):
                del self._openid_config
                raise OAuth2Error("its configuration has an endpoint without https")
        return cast("Claims", self._openid_config)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Framework
    ) -> SocialLogin:
        """Return who signed in, of whom every claim is verified."""
        text = kwargs["response"].get("id_token")
        if not isinstance(text, str):
            raise OAuth2Error("it sent no ID token")
        claims = self._verified(app, text)
        if not all(claims.get(name) for name in NAMES) and _is_safe(self.openid_config.get("userinfo_endpoint")):
            info = self._fetch_user_info(token.token)
            if info.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2
                raise OAuth2Error("its user info is about another user")
            claims = {**info, **claims}
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def _verified(self, app: SocialApp, text: str) -> Claims:
        try:
            header = jwt.get_unverified_header(text)
            if header.get("alg") not in ALGORITHMS:
                raise OAuth2Error("its ID token has an algorithm that proves nothing")
            claims: Claims = jwt.decode(
                text,
                self._key(header.get("kid")),
                algorithms=[header["alg"]],
                audience=app.client_id,
                issuer=settings.PM_OIDC["issuer"],
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise OAuth2Error("its ID token is not valid") from error
        audience = claims["aud"]
        if (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims) or (
            claims.get("azp", app.client_id) != app.client_id
        ):
            raise OAuth2Error("its ID token was made for another program")
        return claims

    def _key(self, name: object) -> jwt.PyJWK:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        found = [key for key in keys if key.key_id == name] or (keys if name is None and len(keys) == 1 else [])
        if not found:
            raise OAuth2Error("its ID token is signed with an unknown key")
        return found[0]


def _is_safe(url: object) -> bool:
    """Return True for HTTPS, and on this machine for HTTP."""
    from urllib.parse import urlsplit

    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_name(parts.hostname or ""))
