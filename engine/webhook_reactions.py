"""Names the deliveries of webhooks: each subscription is a reaction of its own, leased and sent apart from all others.

So a receiver that is slow or away delays no mail and no timer, and its deliveries keep the order of each case.
"""

WEBHOOK = "webhook:"
"""How such a reaction begins; the id of the subscription follows."""


def reaction_of(webhook_id: int) -> str:
    """Return the reaction of a subscription."""
    return f"{WEBHOOK}{webhook_id}"


def webhook_of(reaction: str) -> int | None:
    """Return the id of a reaction's subscription; None for a reaction of another sort."""
    number = reaction.removeprefix(WEBHOOK)
    return int(number) if reaction.startswith(WEBHOOK) and number.isascii() and number.isdigit() else None


def of_webhook(delivery: str) -> str:
    """Return the SQL condition that a delivery, by the alias of its table, is one to a subscription."""
    return f"substr({delivery}.reaction, 1, {len(WEBHOOK)}) = '{WEBHOOK}'"
