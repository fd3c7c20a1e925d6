"""The running server."""

from __future__ import annotations

import os
import signal

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from discovery import runtime
from discovery.portfile import ServerInfo
from projects.api.authentication import actor_of
from projects.api.callers import caller_of
from projects.api.exceptions import Unavailable
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, refuse_body
from projects.models import LoginTicket

LINK_LIFE = 30  # seconds


class ServerSerializer(ResponseSerializer):
    """The running server, as published in server.json."""

    pid = serializers.IntegerField()
    port = serializers.IntegerField()
    host = serializers.CharField()
    url = serializers.CharField()
    started_at = serializers.CharField()
    version = serializers.CharField()
    instance_id = serializers.CharField()
    root = serializers.CharField(allow_null=True)  # type: ignore[assignment] # hides Serializer.root


class LoginLinkSerializer(ResponseSerializer):
    """A link that signs a person in, once."""

    url = serializers.CharField(help_text="A path on this server.")
    expires_at = serializers.DateTimeField()


class ServerView(StrictQueryMixin):
    @extend_schema(responses=ServerSerializer, operation_id="server_retrieve")
    def get(self, request: Request) -> Response:
        """The running server, as published in server.json."""
        return Response(ServerSerializer(_info()).data)


class StopView(StrictQueryMixin):
    @extend_schema(request=None, responses={202: ServerSerializer}, operation_id="server_stop")
    def post(self, request: Request) -> Response:
        """Stop the server after it has answered the requests it has accepted."""
        refuse_body(request)
        info = _info()
        if os.getppid() != info.pid:
            raise Unavailable("the master process of this server has ended, so this request cannot stop the server")
        os.kill(info.pid, signal.SIGTERM)
        return Response(ServerSerializer(info).data, status=status.HTTP_202_ACCEPTED)


class LoginLinkView(StrictQueryMixin):
    @extend_schema(request=None, responses={201: LoginLinkSerializer}, operation_id="login_links_create")
    def post(self, request: Request) -> Response:
        """Create a link that signs a person in once, within 30 seconds.

        If an agent program asked for the link, changes made through it are marked.
        """
        refuse_body(request)
        caller = caller_of(request)
        with transaction.atomic():
            agent = ""
            if caller is None:
                agent = actor_of(request).via  # a browser that an agent's link signed in passes the mark on
            elif caller.program:
                agent = actor_of(request).username
            ticket, expires_at = LoginTicket.objects.issue(LINK_LIFE, agent)
        url = reverse("login-link", args=[ticket])
        return Response(
            LoginLinkSerializer({"url": url, "expires_at": expires_at}).data,
            status=status.HTTP_201_CREATED,
            headers={"Cache-Control": "no-store"},
        )


def _info() -> ServerInfo:
    if runtime.current.info is None:
        raise Unavailable("this server was not started by runserver_discover and has published nothing")
    return runtime.current.info
