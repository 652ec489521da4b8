"""The addresses of the API: the prefix of every route that needs a log-in, and which take files or answer with pages."""

import re

PREFIX = "/api/v1"
UPLOADS = re.compile(rf"{PREFIX}/cases/[^/]+/attachments")
"""The paths whose bodies are files; their routes check them."""
PAGES = (f"{PREFIX}/docs", "/metrics")
"""The beginnings of paths that answer with pages or plain text."""
