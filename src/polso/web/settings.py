"""Django's settings: from the workspace's folder and a few environment variables."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url

from polso.settings import Settings

HERE = Path(__file__).parent
POLSO_WORKSPACE = Path(os.environ.get("POLSO_WORKSPACE", "workspace")).resolve()
SITE = POLSO_WORKSPACE / "site"
SITE.mkdir(parents=True, exist_ok=True)
_OURS = Settings.load(POLSO_WORKSPACE)


def _secret() -> str:
    """The key that signs sessions: given, or made once and kept beside the site's database."""
    if given := os.environ.get("POLSO_SECRET"):
        return given
    path = SITE / "secret"
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")


SECRET_KEY = _secret()
DEBUG = False
POLSO_URL = os.environ.get("POLSO_URL", "http://127.0.0.1:8000").rstrip("/")
_SECURE = POLSO_URL.startswith("https://")
ALLOWED_HOSTS = os.environ.get("POLSO_HOSTS", "*").split(",")
CSRF_TRUSTED_ORIGINS = [POLSO_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "polso.web.accounts",
    "polso.web.cases",
    "polso.web.dashboards",
    "polso.web.inbox",
    "polso.web.jobs",
    "polso.web.kpis",
    "polso.web.sources",
    "polso.web.surveys",
    "polso.web.webhooks",
    "polso.web.widget",
]
MIDDLEWARE = [
    "polso.web.security.headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "polso.web.api.problems.in_the_api",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "polso.web.accounts.language.of_the_person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "polso.web.accounts.gate.everybody_signs_in",
]
ROOT_URLCONF = "polso.web.urls"
WSGI_APPLICATION = "polso.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "polso.web.page.surroundings",
            ],
            "builtins": ["django.templatetags.i18n", "polso.web.kpis.templatetags.numbers"],
        },
    }
]

DATABASES = {
    "default": dj_database_url.config(default=f"sqlite:///{SITE / 'site.sqlite3'}", conn_max_age=60, conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Throttling counts in the database, so that several processes share the count.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "site_cache"}}

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "polso.web.accounts.adapter.ByInvitation"
SOCIALACCOUNT_ADAPTER = "polso.web.accounts.adapter.KnownPeople"
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _SECURE
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "sso",
                "name": os.environ.get("OIDC_NAME", "Single sign-on"),
                "client_id": os.environ["OIDC_CLIENT_ID"],
                "secret": os.environ.get("OIDC_SECRET", ""),
                "settings": {"server_url": os.environ["OIDC_SERVER"]},
            }
        ]
        if "OIDC_SERVER" in os.environ
        else []
    }
}

LANGUAGE_CODE = _OURS.language
LANGUAGES = [("en", "English"), ("it", "Italiano")]
LOCALE_PATHS = [HERE / "locale"]
USE_TZ = True
TIME_ZONE = _OURS.zone.key

STATIC_URL = "static/"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = False
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 << 20
POLSO_RATE = int(os.environ.get("POLSO_RATE", "1200"))
"""Requests a minute that a key may make, of each web process."""
POLSO_MOST_BYTES = int(os.environ.get("POLSO_MOST_MEGABYTES", "16")) << 20
"""The largest body that the API takes."""
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

_MAIL = os.environ.get("POLSO_SMTP", "")
if _MAIL:
    EMAIL_HOST, _, _PORT = _MAIL.partition(":")
    EMAIL_PORT = int(_PORT or 25)
    EMAIL_HOST_USER = os.environ.get("POLSO_SMTP_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("POLSO_SMTP_PASSWORD", "")
    EMAIL_USE_TLS = os.environ.get("POLSO_SMTP_TLS", "") == "1"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = SITE / "mail"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("POLSO_MAIL_FROM", "polso@localhost")

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "polso.web.logs.Lines"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("POLSO_LOG", "WARNING")},
    # Its warnings quote addresses, and a customer may be in one.
    "loggers": {"django.request": {"level": "ERROR"}},
}
