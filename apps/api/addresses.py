"""The addresses of the API: the prefix of those that need a log-in, which take files, which answer with pages."""

import re

PREFIX = "/api/v1"
UPLOADS = re.compile(rf"{PREFIX}/cases/[^/]+/attachments")
"""The paths whose bodies are files; their routes check them."""
PAGES = (f"{PREFIX}/docs", "/metrics")
"""The beginnings of paths that answer with pages or plain text."""
