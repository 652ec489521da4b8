"""Marks in the row of a mail that several parts of the engine read or write."""

from typing import Final

ERASED: Final = "erased"
"""The outcome of a mail whose text an administrator erased before it was sent; it is not sent any more."""
OF_CASE: Final = " case "
"""Before the number of a case: the recipient of a queued mail to its customer. No handle begins with a blank."""
OF_GROUP: Final = " group "
"""Before the name of a group: the recipient of a message to a group of staff in a messenger."""
INSTEAD_OF_GROUP: Final = " instead of group "
"""Before the name of a group: the recipient of the mail that is sent where the group did not accept its message."""
