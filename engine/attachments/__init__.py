"""Evidence that travels with a case: files, taken in, kept under their salted digests, handed out to whoever may read.

Reading order: see ``README.md``.
"""
