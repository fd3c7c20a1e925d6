"""Signing in from a command line, and the caller's own tokens. No token ever makes another one."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import StrictQueryMixin, refuse_body
from projects.models import ApiToken, BoardIdentity, DeviceCode, Project, User
from projects.models.api_token import ACT_AS, ADMIN, CLAIM, MAX_NAME, READ, SCOPES, WRITE
from projects.models.device_code import INTERVAL, LIFE
from projects.team import audit
from projects.team.throttling import DeviceLimits

MAX_PROJECTS = 50  # that a token can name
DEFAULT_SCOPES = (READ, WRITE, CLAIM, ACT_AS)


class TokenSerializer(ResponseSerializer):
    """A token, without its text."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    user = serializers.CharField(source="user.username")
    scopes = serializers.SerializerMethodField()
    projects = serializers.SerializerMethodField(help_text="Keys of the only projects that it reaches; null for all.")
    state = serializers.CharField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)

    def get_scopes(self, token: ApiToken) -> list[str]:
        return token.scopes.split()

    def get_projects(self, token: ApiToken) -> list[str] | None:
        pks = token.project_ids
        return (
            None
            if pks is None
            else list(Project.objects.filter(pk__in=pks).order_by("key").values_list("key", flat=True))
        )


class TokenListSerializer(ResponseSerializer):
    results = TokenSerializer(many=True)


class DeviceRequestSerializer(StrictSerializer):
    """Which token is wanted, and for what."""

    name = serializers.CharField(max_length=MAX_NAME, help_text="Where the token is used, such as a host name.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(SCOPES), default=list(DEFAULT_SCOPES), allow_empty=False, max_length=len(SCOPES)
    )
    projects = serializers.ListField(
        child=serializers.RegexField(r"^[A-Za-z][A-Za-z0-9_]{1,19}\Z"),
        default=list,
        max_length=MAX_PROJECTS,
        help_text="Keys of the only projects that the token reaches; without any, all of its user.",
    )


class DeviceCodeSerializer(ResponseSerializer):
    """A code for the person, and a secret for the client (RFC 8628, 3.2)."""

    device_code = serializers.CharField()
    user_code = serializers.CharField()
    verification_uri = serializers.CharField()
    expires_in = serializers.IntegerField()
    interval = serializers.IntegerField()
    board = serializers.CharField(help_text="The ID of the board.")


class DeviceSecretSerializer(StrictSerializer):
    device_code = serializers.CharField(max_length=100)


class IssuedTokenSerializer(ResponseSerializer):
    """A new token; its text is shown only here."""

    token = serializers.CharField()
    user = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    board = serializers.CharField()


class OpenView(StrictQueryMixin):
    """A view for clients that have no token yet."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (DeviceLimits,)


class DeviceCodesView(OpenView):
    @extend_schema(request=DeviceRequestSerializer, responses={201: DeviceCodeSerializer})
    def post(self, request: Request) -> Response:
        """Ask for a token; a person who is signed in approves it in a browser."""
        wanted = DeviceRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        secret, code = DeviceCode.objects.issue(
            values["name"], values["scopes"], request.META["REMOTE_ADDR"], values["projects"]
        )
        answer = {
            "device_code": secret,
            "user_code": str(code),
            "verification_uri": request.build_absolute_uri(f"{reverse('device')}?code={code}"),
            "expires_in": int(LIFE.total_seconds()),
            "interval": INTERVAL,
            "board": str(BoardIdentity.current()),
        }
        return _uncached(DeviceCodeSerializer(answer).data, status.HTTP_201_CREATED)


class DeviceTokenView(OpenView):
    @extend_schema(request=DeviceSecretSerializer, responses={201: IssuedTokenSerializer, 202: None})
    def post(self, request: Request) -> Response:
        """Get the token once a person has approved; 202 while nobody has answered."""
        given = DeviceSecretSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        issued = DeviceCode.objects.redeem(given.validated_data["device_code"])
        if issued is None:
            return _uncached({}, status.HTTP_202_ACCEPTED)
        text, token = issued
        audit.record(
            "token_issued",
            request,
            user=token.user.username,
            token=token.pk,
            name=token.name,
            scopes=token.scopes,
        )
        answer = {
            "token": text,
            "user": token.user.username,
            "scopes": token.scopes.split(),
            "expires_at": token.expires_at,
            "board": str(BoardIdentity.current()),
        }
        return _uncached(IssuedTokenSerializer(answer).data, status.HTTP_201_CREATED)


class TokensView(StrictQueryMixin):
    @extend_schema(responses=TokenListSerializer)
    def get(self, request: Request) -> Response:
        """The tokens of the caller's user, the newest first."""
        found = ApiToken.objects.filter(user=_owner(request)).select_related("user")
        return Response({"results": TokenSerializer(found, many=True).data})


class TokenView(StrictQueryMixin):
    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Revoke a token of the caller's user; `current` is the one that the request sends.

        Every token may revoke itself; another one needs the scope admin, or a browser.
        """
        refuse_body(request)
        own = request.auth if isinstance(request.auth, ApiToken) else None
        with transaction.atomic():
            if id == "current" and own is not None:
                token: ApiToken | None = own
            else:
                token = ApiToken.objects.filter(user=_owner(request), pk=id if id.isdecimal() else 0).first()
            if token is None:
                raise exceptions.NotFound(f"you have no token {id}")
            if own is not None and token.pk != own.pk and not own.has(ADMIN):
                raise exceptions.PermissionDenied(
                    "a token can revoke only itself without the scope admin; revoke others in the browser"
                )
            token.revoke()
        audit.record("token_revoked", request, user=token.user.username, token=token.pk, name=token.name)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _owner(request: Request) -> User:
    """Return the user whose tokens the request may see: with act-as it is not the actor."""
    return request.auth.user if isinstance(request.auth, ApiToken) else actor_of(request)


def _uncached(content: object, code: int) -> Response:
    return Response(content, status=code, headers={"Cache-Control": "no-store"})
