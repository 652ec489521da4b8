"""Attacks: tampering, fuzzed input, kills at random, and what a local user can do to a running system.

``make test-long`` runs each of them in its short form, ``make attack`` in its full form.
"""
