"""Django settings of `pm`; users configure it in `config.toml` and the environment."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from pmsite import config, secretkey
from projects import workspace
from projects.version import VERSION

CONFIG_DIR = Path(workspace.find())
OPTIONS = config.load(str(CONFIG_DIR))

# Browsers send cookies to every port of a host, so each repository needs its own cookie names.
_COOKIE_SUFFIX = hashlib.sha256(os.fsencode(CONFIG_DIR)).hexdigest()[:12]

SECRET_KEY = secretkey.load(str(CONFIG_DIR))
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # the server adds its own host and --allowed-host
ROOT_URLCONF = "pmsite.urls"
WSGI_APPLICATION = "pmsite.wsgi.application"

INSTALLED_APPS = [
    "discovery",
    "projects",
    "projects.web",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]
MIDDLEWARE = [
    "projects.middleware.InstanceMiddleware",
    "projects.web.csp.CSPMiddleware",
    "projects.web.hidden_texts.HiddenTextMiddleware",
    "discovery.middleware.HostMiddleware",
    "discovery.middleware.OriginMiddleware",
    "projects.middleware.DatabaseMiddleware",
    "projects.middleware.PresenceMiddleware",
    "projects.middleware.BodyMiddleware",
    "projects.middleware.NullCharacterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "projects.middleware.LoginLinkMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "projects.web.page.page",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "projects.sqlite",
        "NAME": CONFIG_DIR / "data.db",
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": CONFIG_DIR / "test.db"},  # a file, to test threads and WAL as in production
        "OPTIONS": {
            "timeout": 20,  # seconds
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "projects.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False

LOGIN_URL = "admin:login"
LOGOUT_REDIRECT_URL = "signed-out"
SESSION_COOKIE_NAME = f"pm_session_{_COOKIE_SUFFIX}"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"pm_csrf_{_COOKIE_SUFFIX}"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = 14 * 24 * 3600  # seconds, like the session: cookies of old boards expire
CSRF_FAILURE_VIEW = "projects.web.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie to name
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # projects.middleware limits the body
FILE_UPLOAD_HANDLERS = ["projects.upload_handlers.BoundedMemoryHandler"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.api.authentication.BearerAuthentication",
        "projects.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["projects.api.authentication.HasCredentials"],
    "DEFAULT_RENDERER_CLASSES": ["projects.api.json_format.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["projects.api.json_format.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "projects.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "projects.api.schema.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS returns 405: the schema says more
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "projects.api.exceptions.handle",
    "PAGE_SIZE": OPTIONS["api.page_size"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "pm",
    "DESCRIPTION": "A project tracker that lives in a repository.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["projects.api.authentication.HasCredentials"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CommentKindEnum": "projects.models.comment.Kind",
        "PolicyEnum": ("off", "required"),
        "UserKindEnum": ("person", "agent"),
        "ProjectStatusEnum": "projects.models.project.Status",
        "QuestionStatusEnum": "projects.entities.question.SHOWN",
        "SprintStatusEnum": "projects.models.sprints.sprint.Status",
        "WorkItemStatusEnum": "projects.models.work_items.choices.Status",
    },
}

DISCOVERY_DIR = CONFIG_DIR
DISCOVERY_HOST = OPTIONS["server.host"]
DISCOVERY_PORT = OPTIONS["server.port"]
DISCOVERY_WORKERS = OPTIONS["server.workers"]
DISCOVERY_THREADS = OPTIONS["server.threads"]
DISCOVERY_IDLE_TIMEOUT = OPTIONS["server.idle_timeout"]
DISCOVERY_REQUEST_TIMEOUT = OPTIONS["server.request_timeout"]
DISCOVERY_LONG_PATHS = [f"/api/v1/sync/{name}/" for name in ("start", "apply", "enable", "repair", "verify")]
DISCOVERY_SERVER_URL_ENV = "PM_SERVER_URL"
DISCOVERY_TOKEN_FILE: str | None = "server.token"  # noqa: S105 -- a file's name
DISCOVERY_MIGRATE = True
DISCOVERY_STRICT_MIGRATIONS = True  # an older pm must not serve a newer one's board
DISCOVERY_VERSION = VERSION

PM_TEAM = False  # True on a lasting server; see pmsite.team
PM_OIDC: dict[str, Any] = {}  # Any: texts, and a list of domains; a lasting server may have a provider
PM_CALLS_PER_MINUTE = 0  # of a token on a lasting server; 0: no limit
PM_PROXIES: list[str] = []  # addresses and networks whose X-Forwarded headers count; `serve` fills it
PM_MAX_BODY_BYTES = OPTIONS["server.max_body_mib"] << 20
PM_MAX_TITLE_LENGTH = OPTIONS["validation.max_title_length"]
PM_MAX_DESCRIPTION_LENGTH = OPTIONS["validation.max_description_length"]
PM_MAX_COMMENT_LENGTH = OPTIONS["validation.max_comment_length"]
PM_MAX_SPRINT_NAME_LENGTH = OPTIONS["validation.max_sprint_name_length"]

# Django's default handlers mail ADMINS, which is empty.
LOGGERS: dict[str, dict[str, object]] = {
    "django": {"handlers": [], "propagate": True},
    # Refused requests are reported to the client only: a path may be a login link.
    "django.request": {"level": "ERROR"},
    "django.security": {"level": "CRITICAL"},
    "django.server": {"handlers": [], "propagate": True},
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": OPTIONS["logging.level"].upper()},
    "loggers": LOGGERS,
}
