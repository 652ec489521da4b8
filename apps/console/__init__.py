"""The console: the pages by which staff work."""
