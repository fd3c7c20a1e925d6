"""Django settings of a lasting server for a team, `pm-manage serve`; see docs/team.md.

They come from the environment: PM_DATABASE_URL and PM_SECRET_KEY. What the settings of one machine's server say holds
here too, except what follows.
"""

from __future__ import annotations

import os

from pmsite import team_environment

# Before the settings below look for the board.
os.environ["PM_CONFIG_DIR"] = team_environment.directory(os.environ)
_KEY = team_environment.secret_key(os.environ)

from pmsite.settings import *  # noqa: E402, F403 -- the settings of one machine's server
from pmsite.settings import INSTALLED_APPS as APPS  # noqa: E402
from pmsite.settings import LOGGERS as LOCAL_LOGGERS  # noqa: E402
from pmsite.settings import LOGGING as LOCAL_LOGGING  # noqa: E402
from pmsite.settings import MIDDLEWARE as LOCAL_MIDDLEWARE  # noqa: E402
from pmsite.settings import REST_FRAMEWORK as LOCAL_REST_FRAMEWORK  # noqa: E402

SECRET_KEY = _KEY
if team_environment.is_postgres(os.environ):
    DATABASES = {"default": team_environment.database(os.environ)}
    DISCOVERY_WRITERS = team_environment.writers(DATABASES["default"])
ROOT_URLCONF = "pmsite.team_urls"
ALLOWED_HOSTS = []
INSTALLED_APPS = [*APPS, "projects.team", "axes"]
MIDDLEWARE = [
    "projects.team.proxy.ProxyMiddleware",
    *LOCAL_MIDDLEWARE,
    "projects.team.throttling.LimitPages",
    "projects.team.middleware.RolesMiddleware",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "projects.team.throttling.PasswordLimits",
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
REST_FRAMEWORK = LOCAL_REST_FRAMEWORK | {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.team.authentication.TokenAuthentication",
        "projects.team.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["projects.team.permissions.HasScope"],
}

PM_TEAM = True
PM_CALLS_PER_MINUTE = team_environment.calls_per_minute(os.environ)

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-pm_session", "__Host-pm_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600

PM_OIDC = team_environment.oidc(os.environ)  # the provider of single sign-on; {} without one
if PM_OIDC:
    INSTALLED_APPS += [
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
        "projects.team.oidc",
    ]
    MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
    ACCOUNT_ADAPTER = "projects.team.oidc.identities.AccountAdapter"
    ACCOUNT_EMAIL_VERIFICATION = "none"
    ACCOUNT_RATE_LIMITS = False  # projects.team.limits has some that workers share
    ACCOUNT_SIGNUP_FIELDS = ["username*"]
    ACCOUNT_UNIQUE_EMAIL = False
    SOCIALACCOUNT_ADAPTER = "projects.team.oidc.identities.SocialAccountAdapter"
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # an address never finds a user
    SOCIALACCOUNT_STORE_TOKENS = False
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": PM_OIDC["id"],
                    "name": PM_OIDC["name"],
                    "client_id": PM_OIDC["client_id"],
                    "secret": PM_OIDC["client_secret"],
                    "settings": {"server_url": PM_OIDC["issuer"].rstrip("/")},
                }
            ],
        }
    }

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "team/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

DISCOVERY_PORT_FILE_FORMAT = "none"
DISCOVERY_TOKEN_FILE = None
DISCOVERY_MIGRATE = False  # a step of a release: pm-manage migrate
DISCOVERY_IDLE_TIMEOUT = 0

LOGGING = LOCAL_LOGGING | {
    "formatters": {"line": {"()": "projects.team.json_lines.JSONFormatter"}},
    "loggers": LOCAL_LOGGERS | {"pm.audit": {"level": "INFO"}, "axes": {"level": "WARNING"}},
}
