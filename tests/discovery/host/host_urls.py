from __future__ import annotations

import fcntl
import os
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from discovery import admission, parking
from discovery.signals import server_checked, server_started, server_stopped

if os.environ.get("HOST_BREAKS") == "import":
    raise RuntimeError("this site is broken")


def pid(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(os.getpid()))


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(float(request.GET["seconds"]))
    return HttpResponse("done")


def held(request: HttpRequest) -> HttpResponse:
    """Answer once a pipe is written to."""
    with open(request.GET["pipe"]) as pipe:
        return HttpResponse(pipe.read())


def locked(request: HttpRequest) -> HttpResponse:
    """Answer when the lock of a file is free."""
    with open(request.GET["file"]) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    return HttpResponse("done")


def late(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=503 if admission.is_late() else 200)


def body(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"x" * 20_000_000)  # more than the buffers of sockets


def scheme(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.scheme)


def openers(request: HttpRequest) -> HttpResponse:
    import host_resources

    return JsonResponse(host_resources.openers())


def address(request: HttpRequest) -> HttpResponse:
    return HttpResponse(settings.SITE_ROOT)


def news(request: HttpRequest) -> HttpResponse:
    """Report a number to the requests that wait in this worker."""
    number = request.GET["newest"]
    parking.current.report(int(number) if number else None)
    return HttpResponse()


urlpatterns = [
    path("", pid),
    path("slow", slow),
    path("held", held),
    path("locked", locked),
    path("late", late),
    path("body", body),
    path("large", large),
    path("scheme", scheme),
    path("openers", openers),
    path("address", address),
    path("news", news),
]

if os.environ.get("HOST_BREAKS") == "worker":
    os.register_at_fork(after_in_child=lambda: os._exit(7))


def fail(**kwargs: object) -> None:
    raise LookupError("this receiver\nis broken")


SIGNALS = {"started": server_started, "checked": server_checked, "stopped": server_stopped}
if broken := SIGNALS.get(os.environ.get("HOST_BREAKS", "")):
    broken.connect(fail)
