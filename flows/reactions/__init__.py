"""Reactions to outbox events; every module here is imported by itself, without a list."""
