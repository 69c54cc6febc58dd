"""The site as a WSGI application."""

import os
import threading

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polso.web.settings")
application = get_wsgi_application()

# Django is set up above.
from polso.web.dashboards.warm import warm  # noqa: E402

threading.Thread(target=warm, daemon=True).start()
