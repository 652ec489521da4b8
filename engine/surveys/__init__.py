"""Periodic surveys: who is drawn, by which plan, and how they are invited (E1)."""
