"""Greetings to customers who agreed to them (D3)."""
