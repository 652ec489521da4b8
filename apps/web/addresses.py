"""The addresses of pages: where console, portal and static files begin."""

CONSOLE, PORTAL, STATIC = "/console", "/portal", "/static"
LOG_IN = f"{CONSOLE}/login"
